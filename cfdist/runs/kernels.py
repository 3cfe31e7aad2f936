"""The compiled kernels of this process: whether they lie on disk, and what they need to be read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target

from cfdist.algorithms import scoring

COMPILING = "compiling kernels, once: about 10 s; the times left are guessed too high meanwhile"


def are_compiled() -> bool:
    """Whether an earlier run of this installation left its compiled kernels."""
    kernel = next(value for value in vars(scoring).values() if isinstance(value, Dispatcher))
    folder = kernel.stats.cache_path
    return folder is not None and any(Path(folder).glob("scoring.*.nbi"))


@contextmanager
def loading() -> Iterator[None]:
    """What numba reads before the first kernel is read by a thread meanwhile.

    Notes
    -----
    It takes a quarter of a second, once per process, which would pass in the first task that
    calls a kernel. The input is read at the same time, mostly outside of Python.
    """
    thread = threading.Thread(target=_refresh, daemon=True)
    thread.start()
    yield
    thread.join()


def _refresh() -> None:
    """With numba's own lock: a task may compile meanwhile, and both read the same registries."""
    with global_compiler_lock:
        cpu_target.target_context.refresh()
