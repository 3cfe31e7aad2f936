"""Markdown tables of figures with intervals."""

from collections.abc import Iterable, Sequence
from typing import Any

from cfdist.evaluation.intervals import Estimate


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Lines of a table; the first column is text, the others are figures.

    Examples
    --------
    >>> table(["a", "b"], [["x", 1]])
    ['| a | b |', '|---|---:|', '| x | 1 |']
    """
    ruler = "|---|" + "---:|" * (len(head) - 1)
    return [_line(head), ruler, *(_line(row) for row in rows)]


def _line(cells: Sequence[Any]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def with_interval(found: Estimate) -> str:
    """Mean ± half of the 95 % interval.

    Examples
    --------
    >>> with_interval(Estimate(0.18512, 0.18312, 0.18712, 0.001, 100))
    '0.1851 ± 0.0020'
    """
    return f"{found.mean:.4f} ± {(found.high - found.low) / 2:.4f}"


def signed(mean: float, low: float, high: float) -> str:
    """A difference with its 95 % interval, which may lie on one side of zero.

    Examples
    --------
    >>> signed(0.00123, -0.0004, 0.0029)
    '+0.0012 [-0.0004, +0.0029]'
    """
    return f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]"


def difference_cell(found: Estimate) -> str:
    """A paired difference with its interval."""
    return signed(found.mean, found.low, found.high)
