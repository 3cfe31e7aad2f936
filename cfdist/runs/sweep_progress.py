"""Progress of a sweep: one step for all trials, and a line for each."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from cfdist.runs.study import Study
from cfdist.stages.progress import Progress, Silence


class SweepProgress(Silence):
    """Tells an outer listener of phases and trials; stages within them are silent."""

    def __init__(self, outer: Progress) -> None:
        self._outer = outer

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What runs now is one step."""
        self._outer.start(name)
        started = time.perf_counter()
        yield
        self._outer.finish(name, time.perf_counter() - started, False)

    @contextmanager
    def all_trials(self, n_trials: int, n_done: int) -> Iterator[None]:
        """One bar for all trials."""
        with self.phase("trials"):
            self._outer.add("trials", n_trials)
            for _ in range(n_done):
                self._outer.advance("trials")
            yield

    def trial(self, study: Study, metric: str) -> None:
        """A trial has ended: one line with its value and the best so far."""
        trial, best = study.trials[-1], study.best
        result = f"{metric} {trial.mean:.4f}" if trial.value else f"failed: {trial.error}"
        leads = f"; best {best.mean:.4f}, trial {best.number}" if best else ""
        self._outer.note(f"trial {trial.number}: {result} in {trial.seconds:.1f} s{leads}")
        self._outer.advance("trials")

    def note(self, message: str) -> None:
        """Notes go through."""
        self._outer.note(message)
