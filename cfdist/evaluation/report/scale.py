"""Where a value lies on an axis, in percent of its length, and the ticks of that axis."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_TICKS = 7


@dataclass(frozen=True)
class Scale:
    """An axis between two values.

    Attributes
    ----------
    low, high : float
        Values at 0 % and 100 %.
    ticks : tuple of float
        Values that carry a label.
    is_log : bool
        Equal ratios are equal lengths.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def at(self, value: float) -> float:
        """Percent of the axis; what lies outside is put on its end."""
        low, high, value = (
            (math.log(v) if v > 0 else -math.inf) if self.is_log else v
            for v in (self.low, self.high, value)
        )
        return 100 * min(1.0, max(0.0, (value - low) / (high - low)))

    def label(self, tick: float) -> str:
        """A tick's value, with as many decimals as the steps need."""
        if self.is_log:
            return f"{tick:g}"
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else 1.0
        shown = f"{abs(tick):,.{_places(step)}f}"
        return f"−{shown}" if tick < -step / 1e6 else shown


def linear(values: Iterable[float], *, zero: bool = False, n_ticks: int = 5) -> Scale:
    """An axis around the values that ends at ticks.

    Parameters
    ----------
    values : iterable of float
        What it must hold; none at all gives 0 to 1.
    zero : bool
        Zero must be on it: for bars, whose length tells the value.
    n_ticks : int
        About how many ticks.

    Examples
    --------
    >>> linear([0.011, 0.019]).ticks
    (0.01, 0.012, 0.014, 0.016, 0.018, 0.02)
    """
    held = [*values, *([0.0] if zero else [])] or [0.0, 1.0]
    low, high = min(held), max(held)
    if not high - low > 1e-12 * max(abs(low), abs(high)):
        low, high = min(low, 0.0), max(high, 0.0) or (1.0 if low >= 0 else 0.0)
    step = _step((high - low) / n_ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(i * step, 12) for i in range(first, max(last, first + 1) + 1))
    return Scale(ticks[0], ticks[-1], ticks)


def logarithmic(values: Iterable[float]) -> Scale:
    """An axis of ratios around positive values; ticks at 1, 2 and 5 or at powers of ten.

    Examples
    --------
    >>> logarithmic([3, 80]).ticks
    (5.0, 10.0, 20.0, 50.0, 100.0)
    """
    held = list(values)
    low, high = min(held) / 1.25, max(held) * 1.25
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    dense, sparse = (
        tuple(t for p in powers for f in factors if low <= (t := float(f"{f}e{p}")) <= high)
        for factors in ((1, 2, 5), (1,))
    )
    return Scale(low, high, dense if len(dense) <= _MOST_TICKS else sparse, is_log=True)


def fitting(values: Iterable[float]) -> Scale:
    """Logarithmic where positive values span more than a factor of ten, else linear."""
    held = list(values)
    if held and min(held) > 0 and max(held) > 10 * min(held):
        return logarithmic(held)
    return linear(held)


def _step(rough: float) -> float:
    """The next round step that is not smaller."""
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(step for step in _STEPS if step * power >= rough * (1 - 1e-9))


def _places(step: float) -> int:
    """Decimals that tell ticks apart.

    Examples
    --------
    >>> _places(0.0025), _places(0.5), _places(20)
    (4, 1, 0)
    """
    text = f"{step:.10f}".rstrip("0")
    return len(text.partition(".")[2])
