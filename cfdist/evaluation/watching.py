"""Progress by candidate instead of by stage: a comparison runs the same stages many times."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from cfdist.stages.progress import Progress


class CandidateProgress:
    """Tells an outer listener of candidates; the stages within one count as its tasks.

    ``seconds`` has the wall time of each candidate that ended.
    """

    def __init__(self, outer: Progress) -> None:
        self._outer = outer
        self._name = ""
        self.seconds: dict[str, float] = {}

    @contextmanager
    def candidate(self, name: str) -> Iterator[None]:
        """What runs now belongs to this candidate; within another one, to that."""
        if self._name:
            yield
            return
        self._name = name
        self._outer.start(name)
        started = time.perf_counter()
        try:
            yield
        finally:
            self._name = ""
        self.seconds[name] = time.perf_counter() - started
        self._outer.finish(name, self.seconds[name], False)

    def start(self, stage: str) -> None:
        """A stage begins: nothing to tell."""

    def add(self, stage: str, tasks: int) -> None:
        """More tasks of the candidate."""
        self._outer.add(self._name, tasks)

    def advance(self, stage: str) -> None:
        """A task is done."""
        self._outer.advance(self._name)

    def note(self, message: str) -> None:
        """Notes go through."""
        self._outer.note(message)

    def finish(self, stage: str, seconds: float, resumed: bool) -> None:
        """A stage ended: nothing to tell."""


def watch(progress: Progress) -> CandidateProgress:
    """A listener by candidate around ``progress``, or the one that it is already."""
    return progress if isinstance(progress, CandidateProgress) else CandidateProgress(progress)
