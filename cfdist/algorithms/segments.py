"""Sums and maxima of rows and runs, on the host and on a device: the one place where both differ.

On the host NumPy's own loops. cupy has `add.reduceat` only, as differences of one long running
sum, which loses small runs behind large ones; and `bincount` with weights adds in another order
every time, by which rows that are equal would no longer be. So a run is folded on a device:
neighbours in pairs, then pairs of pairs. A result depends on nothing but its own run.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cfdist.algorithms.interactions import run_starts
from cfdist.algorithms.namespace import namespace_of

Array = Any
"""One-dimensional, of NumPy or cupy."""


def segment_sum(values: Array, starts: Array) -> Array:
    """Sum of each run, float64 ``(n_runs,)``; runs begin at ``starts``, the first one at 0.

    Examples
    --------
    >>> segment_sum(np.array([1.0, 2.0, 4.0]), np.array([0, 2])).tolist()
    [3.0, 4.0]
    """
    xp = namespace_of(values)
    if not len(starts):
        return xp.empty(0)
    return np.add.reduceat(values, starts) if xp is np else _folded(xp.add, values, starts)


def segment_max(values: Array, starts: Array) -> Array:
    """Largest value of each run, in the type of the values.

    Examples
    --------
    >>> segment_max(np.array([1, 3, 2]), np.array([0, 2])).tolist()
    [3, 2]
    """
    xp = namespace_of(values)
    if not len(starts):
        return xp.empty(0, values.dtype)
    return np.maximum.reduceat(values, starts) if xp is np else _folded(xp.maximum, values, starts)


def sum_by_row(values: Array, rows: Array, n_rows: int) -> Array:
    """Sum of the values of each row, float64 ``(n_rows,)``; ``rows`` ascend, some may be missing.

    Examples
    --------
    >>> sum_by_row(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 2]), 3).tolist()
    [1.0, 0.0, 6.0]
    """
    xp = namespace_of(values)
    if xp is np:
        return np.bincount(rows, values, n_rows)
    starts = run_starts(rows)
    sums = xp.zeros(n_rows)
    sums[rows[starts]] = segment_sum(values, starts)
    return sums


def highest_where(tile: Array, mask: Array) -> Array:
    """Highest marked value of each row, 0 where it is below, ``(n_rows, 1)``.

    Examples
    --------
    >>> highest_where(np.array([[1.0, 9.0]]), np.array([[True, False]])).tolist()
    [[1.0]]
    """
    xp = namespace_of(tile)
    if xp is np:
        return tile.max(axis=1, where=mask, initial=0, keepdims=True)
    return xp.maximum(xp.where(mask, tile, 0).max(axis=1, keepdims=True), 0)  # cupy has no `where`


def _folded(combine: Callable[[Array, Array], Array], values: Array, starts: Array) -> Array:
    """Each run folded in ⌈log₂ of the longest⌉ steps, each with a sync for its number of pairs."""
    xp = namespace_of(values)
    n_rows = len(values)
    lengths = xp.diff(xp.concatenate([starts, xp.full(1, n_rows)]))
    place = xp.arange(n_rows) - xp.repeat(starts, lengths)
    behind = xp.repeat(lengths, lengths) - place
    folded = values.copy()
    longest, step = int(lengths.max()), 1
    while step < longest:
        left = xp.flatnonzero((place % (2 * step) == 0) & (behind > step))
        folded[left] = combine(folded[left], folded[left + step])
        step *= 2
    return folded[starts]
