"""Peak memory of a process and all of its children, as the sum of their proportional set sizes."""

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import psutil

KIB = 1024


PSS, ANONYMOUS = "Pss", "Pss_Anon"


def bytes_in_rollup(text: str, line_name: str = PSS) -> int:
    """Bytes of one line in the content of ``smaps_rollup``; 0 if it is not there.

    Examples
    --------
    >>> bytes_in_rollup("Rss:  900 kB\\nPss:  512 kB\\nPss_Dirty:  100 kB")
    524288
    """
    for line in text.splitlines():
        if line.startswith(f"{line_name}:"):
            return int(line.split()[1]) * KIB
    return 0


class Held(NamedTuple):
    """Memory of a process or of several.

    Attributes
    ----------
    pss : int
        Proportional set size in bytes: a page that n processes share counts as 1/n in each, so
        that a sum counts it once; a sum of resident sizes would count libraries once per process.
    anonymous : int
        The part of it that is no file's: pages of files the system can take back at any time.
    """

    pss: int
    anonymous: int


def held_by(pid: int) -> Held:
    """Memory of one process; nothing once it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return Held(0, 0)
    return Held(bytes_in_rollup(text), bytes_in_rollup(text, ANONYMOUS))


def held_by_tree(pid: int) -> Held:
    """Sum over a process and all its descendants."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return Held(0, 0)
    held = [held_by(process) for process in [pid, *(child.pid for child in children)]]
    return Held(sum(one.pss for one in held), sum(one.anonymous for one in held))


class PeakMemory:
    """The largest :func:`held_by_tree` of a process while the block runs.

    Parameters
    ----------
    pid : int
        Root of the tree, not this process: its own memory is not counted.
    every_s : float
        Seconds between two samples; a shorter peak can be missed.

    Attributes
    ----------
    peak_bytes, peak_anonymous_bytes : int
        0 where the system has no ``/proc``; of the two the first includes mapped files.
    """

    def __init__(self, pid: int, every_s: float = 0.1) -> None:
        self.peak_bytes = self.peak_anonymous_bytes = 0
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
            started = time.perf_counter()
            held = held_by_tree(self._pid)
            self.peak_bytes = max(self.peak_bytes, held.pss)
            self.peak_anonymous_bytes = max(self.peak_anonymous_bytes, held.anonymous)
            # reading the sizes of a large process holds it up: a twentieth of the time at most
            self._ended.wait(max(self._every_s, 20 * (time.perf_counter() - started)))
