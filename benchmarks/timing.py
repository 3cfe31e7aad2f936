"""Seconds of a call inside this process: warmed up, several times, the median."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, NamedTuple

from clock import MachineClock
from kept import tell


class Timed(NamedTuple):
    """Several calls.

    Attributes
    ----------
    seconds : list of float
        Of each repeat.
    result : what the last one returned
    others_share : float
        Share of the machine that other programs took meanwhile.
    """

    seconds: list[float]
    result: Any
    others_share: float = 0.0

    @property
    def median(self) -> float:
        """Of the repeats."""
        return median(self.seconds)


def repeated(call: Callable[[], Any], repeat: int) -> Timed:
    """Seconds of ``repeat`` calls, one after the other."""
    seconds, result = [], None
    clock = MachineClock()
    for _ in range(repeat):
        started = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - started)
    clock.stop()
    return Timed(seconds, result, clock.others_share)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say on standard error how long the block took."""
    started = time.perf_counter()
    yield
    tell(f"{what}: {time.perf_counter() - started:.1f} s")
