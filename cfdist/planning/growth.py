"""From counts on part of the rows to the count on all of them."""

from collections.abc import Sequence
from math import log, log2

POINTS = (0.25, 0.5, 1.0)
"""Shares of what was read at which distinct values are counted."""


def grown(counts: Sequence[int], factor: float) -> int:
    """Distinct values on ``factor`` times as many rows as were read.

    Parameters
    ----------
    counts : sequence of int
        Distinct values in the first quarter, half and all of what was read.
    factor : float
        All rows / rows read, at least 1.

    Notes
    -----
    Per doubling of the rows ln count rose by ``early`` and then by ``late``; it goes on rising,
    by a share of (late / early)² less each time: the square, as saturation speeds up. So a table
    that is sorted by user grows with its rows, a known catalogue not at all, and what is drawn at
    random is overestimated (by a third, where a tenth of 10 rows per user was read): a plan
    should rather ask for too much.

    Examples
    --------
    >>> grown([250, 500, 1000], 10), grown([1000, 1000, 1000], 10)
    (10000, 1000)
    """
    quarter, half, whole = (max(1, count) for count in counts)
    if factor <= 1:
        return counts[-1]
    early, late = (
        min(1.0, log2(after / before)) for before, after in ((quarter, half), (half, whole))
    )
    if late <= 0 or early <= 0:
        return counts[-1]
    kept = min(1.0, late / early) ** 2
    doublings = log2(factor)
    total = late * doublings
    if kept < 1:
        total = late * kept**0.5 * (kept**doublings - 1) / log(kept)
    return round(whole * 2 ** min(total, doublings))
