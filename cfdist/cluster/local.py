"""This machine: one worker inside the process, or N worker processes."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import dask
from dask.system import CPU_COUNT
from distributed import Client, Nanny, Scheduler, SpecCluster, Worker
from threadpoolctl import threadpool_limits

from cfdist.backends.requirements import resolve_backend
from cfdist.cluster.loopback import LOOPBACK, dashboard_port, dask_settings, require_memory
from cfdist.cluster.plugins import register_plugins
from cfdist.errors import ClusterError
from cfdist.settings import ClusterSettings


@contextmanager
def open_local(settings: ClusterSettings) -> Iterator[Client]:
    """A cluster on loopback.

    Notes
    -----
    In process: all threads in one worker, 0.05 s to start and next to no memory, against 0.8 s
    and 130 MB more for two processes. BLAS runs one thread meanwhile: parallelism is Dask's, and
    another number of BLAS threads gives other bits.

    ``LocalCluster`` is not used because its workers listen on every interface unless they load
    bokeh, which costs 0.4 s.
    """
    require_memory(settings)
    with dask.config.set(dask_settings(settings)), _blas_limit(settings):
        try:
            cluster = SpecCluster(**_specification(settings))
        except (OSError, RuntimeError, ValueError) as error:
            raise ClusterError(
                f"the local cluster did not start: {error}",
                remedy='in a script, call it below `if __name__ == "__main__":`; '
                "see cluster.* in the settings",
            ) from error
        with cluster, Client(cluster, timeout=settings.timeout_s) as client:
            register_plugins(client)
            yield client


def _specification(settings: ClusterSettings) -> dict[str, Any]:
    """Scheduler and workers as ``SpecCluster`` takes them."""
    n_workers = settings.workers or 1
    shared = {
        "protocol": "tcp://" if settings.workers else "inproc://",
        "dashboard": settings.dashboard,
    }
    if settings.workers:
        shared["host"] = LOOPBACK
    worker = {
        "nthreads": _threads(settings),
        "memory_limit": settings.memory_limit,
        "dashboard_address": f"{LOOPBACK}:0",
        "silence_logs": logging.CRITICAL,  # errors reach the user through the client
    }
    scheduler = {"dashboard_address": f"{LOOPBACK}:{dashboard_port(settings)}", "port": 0}
    kind = Nanny if settings.workers else Worker
    return {
        "scheduler": {"cls": Scheduler, "options": shared | scheduler},
        "workers": {i: {"cls": kind, "options": shared | worker} for i in range(n_workers)},
        "silence_logs": logging.CRITICAL,
    }


def _threads(settings: ClusterSettings) -> int:
    """Threads of each worker; one with a GPU, as tasks beside each other add up on the device."""
    if resolve_backend(settings.backend) == "gpu":
        return 1
    return settings.threads or max(1, CPU_COUNT // (settings.workers or 1))


def _blas_limit(settings: ClusterSettings) -> Any:
    if settings.workers:
        return nullcontext()
    import numpy  # noqa: F401  (its BLAS must be loaded to be limited)
    import scipy.linalg  # noqa: F401

    return threadpool_limits(1, user_api="blas")
