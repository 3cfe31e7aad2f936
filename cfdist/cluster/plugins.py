"""What every worker does when it starts."""

import ctypes
import resource
import sys
from contextlib import suppress
from typing import Any

import pyarrow as pa
from distributed import Client, WorkerPlugin


class OneBlasThread(WorkerPlugin):  # type: ignore[misc]
    """BLAS with one thread, on every worker, so that results do not depend on the machine."""

    name = "cfdist-one-blas-thread"

    def setup(self, worker: Any) -> None:
        """Limit the libraries that NumPy and SciPy loaded."""
        import numpy  # noqa: F401
        import scipy.linalg  # noqa: F401
        from threadpoolctl import threadpool_limits

        self._limits = threadpool_limits(1, user_api="blas")

    def teardown(self, worker: Any) -> None:
        """Give the threads back."""
        self._limits.restore_original_limits()


def register_plugins(client: Client) -> None:
    """Register the plugins, once per cluster; later workers get them too."""
    client.register_plugin(OneBlasThread())


def trim_memory() -> None:
    """Give freed memory back to the system, where the C library can.

    Notes
    -----
    Blocks of some MB are freed into the C library's heap, which keeps them: 2 GB after the matrix
    of 100 million interactions. A nanny tells its process to trim by itself; a worker inside
    the process has none.
    """
    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):  # not glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def peak_memory() -> int:
    """Bytes that this process had resident at most."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
