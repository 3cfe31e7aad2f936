"""What every worker does when it starts."""

from typing import Any

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
