"""Peak memory of a process and all of its children, as the sum of their proportional set sizes."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

KIB = 1024


def pss_in_rollup(text: str) -> int:
    """Bytes of the ``Pss`` line in the content of ``smaps_rollup``.

    Examples
    --------
    >>> pss_in_rollup("Rss:  900 kB\\nPss:  512 kB\\nPss_Dirty:  100 kB")
    524288
    """
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * KIB
    return 0


def pss_bytes(pid: int) -> int:
    """Proportional set size of one process in bytes; 0 once it has ended."""
    try:
        return pss_in_rollup(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0


def tree_pss_bytes(pid: int) -> int:
    """Sum over a process and all its descendants, in bytes.

    Notes
    -----
    A page that n processes share counts as 1/n in each, so that the sum counts it once; a sum of
    resident sizes would count the libraries once per process.
    """
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0
    return sum(pss_bytes(process) for process in [pid, *(child.pid for child in children)])


class PeakMemory:
    """The largest :func:`tree_pss_bytes` of a process while the block runs.

    Parameters
    ----------
    pid : int
        Root of the tree, not this process: its own memory is not counted.
    every_s : float
        Seconds between two samples; a shorter peak can be missed.

    Attributes
    ----------
    peak_bytes : int
        0 where the system has no ``/proc``.
    """

    def __init__(self, pid: int, every_s: float = 0.1) -> None:
        self.peak_bytes = 0
        self._pid = pid
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.is_set():
            self.peak_bytes = max(self.peak_bytes, tree_pss_bytes(self._pid))
            self._ended.wait(self._every_s)
