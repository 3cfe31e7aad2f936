"""Who watches a run."""

from typing import Protocol


class Progress(Protocol):
    """Listener of a run: a terminal, a log, a test."""

    def start(self, stage: str) -> None:
        """A stage begins."""

    def add(self, stage: str, tasks: int) -> None:
        """So many more tasks belong to the stage."""

    def advance(self, stage: str) -> None:
        """One task is done."""

    def note(self, message: str) -> None:
        """Something that the user should know."""

    def finish(self, stage: str, seconds: float, resumed: bool) -> None:
        """A stage ended."""


class Silence:
    """Progress that nobody watches."""

    def start(self, stage: str) -> None:
        """Nothing."""

    def add(self, stage: str, tasks: int) -> None:
        """Nothing."""

    def advance(self, stage: str) -> None:
        """Nothing."""

    def note(self, message: str) -> None:
        """Nothing."""

    def finish(self, stage: str, seconds: float, resumed: bool) -> None:
        """Nothing."""
