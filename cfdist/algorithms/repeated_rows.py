"""Rows that repeat are searched once: lists of all rows from the lists of the distinct ones."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.exact_neighbors import NOTHING, dot64, insert_sorted
from cfdist.algorithms.hashing import hash_rows
from cfdist.algorithms.profiles import group_equal

HASHED_ROWS = 2**16
"""At a time: hashing takes 40 bytes per value."""


class DistinctRows(NamedTuple):
    """Which rows are equal, bit for bit.

    Attributes
    ----------
    first : int64 ``(n_distinct,)`` ascending: the first row of each
    of_row : int64 ``(n_rows,)`` distinct row of each
    start : int64 ``(n_distinct + 1,)`` where its rows begin in ``members``
    members : int64 ``(n_rows,)`` rows, by distinct row, ascending
    """

    first: NDArray[np.int64]
    of_row: NDArray[np.int64]
    start: NDArray[np.int64]
    members: NDArray[np.int64]


def find_distinct(units: NDArray[np.float32]) -> DistinctRows:
    """The distinct rows of ``(n_rows, n_components)``, by a 128-bit hash of each."""
    parts = [
        _hash_dense(units[begin : begin + HASHED_ROWS])
        for begin in range(0, len(units), HASHED_ROWS)
    ]
    of_row, first = group_equal(np.concatenate(parts) if parts else np.empty((0, 2), np.uint64))
    counts = np.bincount(of_row, minlength=len(first))
    start = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    members = np.argsort(of_row, kind="stable").astype(np.int64)
    return DistinctRows(first, of_row, start, members)


def _hash_dense(rows: NDArray[np.float32]) -> NDArray[np.uint64]:
    n_rows, n_components = rows.shape
    indptr = np.arange(n_rows + 1, dtype=np.int64) * n_components
    columns = np.tile(np.arange(n_components, dtype=np.int32), n_rows)
    return hash_rows(indptr, columns, np.ascontiguousarray(rows).ravel())


def lists_of_all(
    distinct: DistinctRows,
    units: NDArray[np.float32],
    ids: NDArray[np.int64],
    scores: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Neighbours of every row, from the neighbours of the distinct rows.

    Parameters
    ----------
    units : float32 ``(n_distinct, n_components)``
        The distinct rows.
    ids, scores : ``(n_distinct, k)``
        Their lists among themselves by (−score, row); −1 where there is none.

    Returns
    -------
    ids : int64 ``(n_rows, k)`` by (−score, row)
    scores : float32 ``(n_rows, k)``

    Notes
    -----
    Rows of one distinct row have one score. Whatever is not among the first k distinct rows has k
    rows before it, so the lists are those of a search over all rows.
    """
    shape = (len(distinct.of_row), ids.shape[1])
    all_ids = np.full(shape, -1, dtype=np.int64)
    all_scores = np.full(shape, NOTHING, dtype=np.float32)
    has_list = units.any(axis=1)
    _fill_lists(*distinct[1:], units, has_list, ids, scores, all_ids, all_scores)
    return all_ids, all_scores


@njit(nogil=True, cache=True)
def _fill_lists(of_row, start, members, units, has_list, ids, scores, all_ids, all_scores):
    k = ids.shape[1]
    for row in range(len(of_row)):
        own = of_row[row]
        if not has_list[own]:
            continue
        alike = dot64(units[own], units[own])
        _offer_members(row, members[start[own] : start[own + 1]], alike, all_ids, all_scores)
        for place in range(k):
            other, score = ids[own, place], scores[own, place]
            if other < 0 or (all_ids[row, k - 1] >= 0 and score < all_scores[row, k - 1]):
                break
            rows = members[start[other] : start[other + 1]]
            _offer_members(row, rows, score, all_ids, all_scores)


@njit(nogil=True, cache=True)
def _offer_members(row, rows, score, all_ids, all_scores):
    """The first rows are enough: they all have one score, and the row itself is one of them."""
    for place in range(min(len(rows), all_ids.shape[1] + 1)):
        if rows[place] != row:
            insert_sorted(all_ids[row], all_scores[row], rows[place], score)
