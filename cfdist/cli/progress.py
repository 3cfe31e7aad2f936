"""Progress of a run: bars on a terminal, plain lines elsewhere. Both go to standard error."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from cfdist.stages.progress import Silence

LINE_EVERY_S = 5.0


class Bars(Silence):
    """One bar per stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def start(self, stage: str) -> None:
        """Show a bar without length."""
        self._tasks[stage] = self._progress.add_task(stage, total=None)

    def add(self, stage: str, tasks: int) -> None:
        """Lengthen the bar."""
        task = self._progress.tasks[self._tasks[stage]]
        self._progress.update(task.id, total=(task.total or 0) + tasks)

    def advance(self, stage: str) -> None:
        """Move the bar."""
        self._progress.advance(self._tasks[stage])

    def note(self, message: str) -> None:
        """Print above the bars."""
        self._progress.console.print(message, style="dim", highlight=False, markup=False)

    def finish(self, stage: str, seconds: float, resumed: bool) -> None:
        """Fill the bar."""
        task = self._progress.tasks[self._tasks[stage]]
        total = task.total or 1
        name = f"{stage} (resumed)" if resumed else stage
        self._progress.update(task.id, total=total, completed=total, description=name)


class Lines(Silence):
    """A line per finished stage, and one every five seconds within a long one."""

    def __init__(self) -> None:
        self._total: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._started: dict[str, float] = {}
        self._told = time.monotonic()

    def start(self, stage: str) -> None:
        """Remember the time."""
        self._started[stage] = time.monotonic()
        self._total[stage] = self._done[stage] = 0

    def add(self, stage: str, tasks: int) -> None:
        """Count what is to come."""
        self._total[stage] += tasks

    def advance(self, stage: str) -> None:
        """Say how far a long stage is."""
        self._done[stage] += 1
        now = time.monotonic()
        if now - self._told >= LINE_EVERY_S:
            done, total = self._done[stage], self._total[stage]
            left = (now - self._started[stage]) / done * (total - done)
            self._print(f"{stage}: {done}/{total} tasks, about {left:.0f} s left")

    def note(self, message: str) -> None:
        """A line of its own."""
        self._print(message)

    def finish(self, stage: str, seconds: float, resumed: bool) -> None:
        """The stage and its seconds."""
        self._print(f"{stage}: {'resumed' if resumed else 'done'} in {seconds:.2f} s")

    def _print(self, line: str) -> None:
        self._told = time.monotonic()
        print(line, file=sys.stderr, flush=True)


@contextmanager
def show_progress(quiet: bool = False) -> Iterator[Silence]:
    """The listener that fits where standard error goes."""
    if quiet:
        yield Silence()
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines()
        return
    columns = (
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description:22}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=False),
    )
    with Progress(*columns, console=console) as progress:
        yield Bars(progress)
