"""BLAS with one thread, for the tasks that several threads of one process run."""

from contextlib import AbstractContextManager
from threading import Lock
from typing import Any


class OneBlasThread(AbstractContextManager["OneBlasThread"]):
    """A part of the program in which BLAS uses one thread, so that its bits are the same anywhere.

    Notes
    -----
    The limit belongs to the process. The first part that begins sets it and the last that ends
    takes it back: threads that each did both would leave it set, or take it from under others.
    Begin and end may so be on two threads, and threadpoolctl 3.8 obeys, without a word, only the
    thread that set a limit first: the claim is cleared before each.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_inside = 0
        self._limits: Any = None

    def __enter__(self) -> "OneBlasThread":
        with self._lock:
            if self._n_inside == 0:
                import scipy.linalg  # noqa: F401  (a BLAS is limited once it is loaded)
                from threadpoolctl import threadpool_limits

                _clear_claims()
                self._limits = threadpool_limits(1, user_api="blas")
            self._n_inside += 1
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                _clear_claims()
                self._limits.restore_original_limits()
                _clear_claims()


ONE_BLAS_THREAD = OneBlasThread()
"""The one of this process."""


def _clear_claims() -> None:
    """Let this thread set limits, whichever did before."""
    import threadpoolctl

    clear = getattr(threadpoolctl.OpenBLASController, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)
