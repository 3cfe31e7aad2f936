"""The largest entries of each row of a product of sparse matrices, without the product.

One row of the product is summed at a time, in float64 in the order of the entries, and rounded to
float32. Its entries become integers that are ordered like (−score, column), of which the k
largest are selected and sorted. So a row's list depends on nothing but the two matrices: not on
which rows one call is given.

References
----------
Gustavson: Two fast algorithms for sparse matrices, ACM TOMS 4(3), 1978: the accumulator.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock

LAST_COLUMN = 2**31 - 1
"""Column indices are int32; the same bits are all of a float32 but its sign."""


def product_top_k(
    left: CsrBlock,
    right: CsrBlock,
    k: int,
    exclude: NDArray[np.int64] | None = None,
    min_score: float = 0.0,
    family: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``k`` largest entries of each row of ``left`` @ ``right``: columns and scores.

    Parameters
    ----------
    left : CsrBlock ``(n_rows, n_inner)``
    right : CsrBlock ``(n_inner, n_columns)``
    exclude : int64 ``(n_rows,)``, optional
        A column that the row never lists, such as itself; −1: none.
    min_score : float
        Scores that are not above it, once rounded to float32, are dropped.
    family : int64 ``(n_columns,)``, optional
        Family of each column, not negative. Then ``exclude`` names families: a row lists no
        column of the family that it excludes.

    Returns
    -------
    ids : int64 ``(n_rows, k)`` columns by (−score, column); −1 where there are fewer
    scores : float32 ``(n_rows, k)``; 0 where there are fewer

    Raises
    ------
    ValueError
        Shapes do not fit together.

    Notes
    -----
    Cost: one multiplication and addition for every entry of ``right`` met by an entry of
    ``left``, which is Σ_j n_j(left) · n_j(right) over the inner index, then the selection among
    the columns met and the sorting of k. Memory: 36 bytes per column, 12 per place of the result.
    Gowalla's 29,858 users with k = 800, one thread: 1.8 s, of which the sums take 0.5 s; a heap
    took 3.4 s, and at k = 100 as long as the selection.
    """
    n_rows, n_columns = left.shape[0], right.shape[1]
    excluded = np.full(n_rows, -1, dtype=np.int64) if exclude is None else exclude
    families = np.arange(n_columns, dtype=np.int64) if family is None else family
    _check_shapes(left, right, excluded, families)
    ids = np.full((n_rows, k), -1, dtype=np.int64)
    scores = np.zeros((n_rows, k), dtype=np.float32)
    _fill_rows(
        left.indptr, left.indices, left.data, right.indptr, right.indices, right.data,
        excluded, families, np.float32(min_score), ids, scores,
    )  # fmt: skip
    return ids, scores


def _check_shapes(
    left: CsrBlock, right: CsrBlock, exclude: NDArray[np.int64], family: NDArray[np.int64]
) -> None:
    """Raise where compiled code would read outside of an array."""
    if left.shape[1] != right.shape[0]:
        raise ValueError(f"{left.shape[1]} columns cannot meet {right.shape[0]} rows")
    if len(exclude) != left.shape[0]:
        raise ValueError(f"{len(exclude)} exclusions for {left.shape[0]} rows")
    if len(family) != right.shape[1]:
        raise ValueError(f"{len(family)} families for {right.shape[1]} columns")


@njit(nogil=True, cache=True)
def _fill_rows(
    left_indptr, left_indices, left_data, right_indptr, right_indices, right_data,
    exclude, family, min_score, ids, scores,
):  # fmt: skip
    n_columns = len(family)
    total = np.zeros(n_columns, np.float64)
    touched_by = np.full(n_columns, -1, np.int64)
    touched = np.empty(n_columns, np.int32)
    keys = np.empty(n_columns, np.int64)
    as_float = np.empty(1, np.float32)
    as_bits = as_float.view(np.int32)
    for row in range(ids.shape[0]):
        n_touched = 0
        for e in range(left_indptr[row], left_indptr[row + 1]):
            weight = np.float64(left_data[e])
            inner = left_indices[e]
            for t in range(right_indptr[inner], right_indptr[inner + 1]):
                column = right_indices[t]
                if touched_by[column] != row:
                    touched_by[column] = row
                    total[column] = 0.0
                    touched[n_touched] = column
                    n_touched += 1
                total[column] += weight * np.float64(right_data[t])
        n_kept = _keys_above(
            touched[:n_touched], total, exclude[row], family, min_score, as_float, as_bits, keys
        )
        best = _largest(keys[:n_kept], ids.shape[1])
        for place in range(len(best)):
            column = LAST_COLUMN - (best[len(best) - 1 - place] & LAST_COLUMN)
            ids[row, place] = column
            scores[row, place] = np.float32(total[column])


@njit(nogil=True, cache=True)
def _keys_above(touched, total, excluded, family, min_score, as_float, as_bits, keys):
    """Write the keys of the columns that may be listed; returns how many.

    A key has the bits of the score above those of the column, so that the larger key is the
    higher score or, of equal ones, the lower column. ``as_float`` and ``as_bits`` share memory.
    """
    n_kept = 0
    for column in touched:
        score = np.float32(total[column])
        if score <= min_score or family[column] == excluded:
            continue
        as_float[0] = score + np.float32(0)  # −0 equals +0 and must not have other bits
        bits = np.int64(as_bits[0])
        if bits < 0:
            bits ^= LAST_COLUMN  # the bits of negative numbers rise as they fall
        keys[n_kept] = (bits << 32) | (LAST_COLUMN - column)
        n_kept += 1
    return n_kept


@njit(nogil=True, cache=True)
def _largest(keys, k):
    """The ``k`` largest, ascending; no two keys are equal."""
    if len(keys) > k:
        keys = np.partition(keys, len(keys) - k)[len(keys) - k :]
    return np.sort(keys)
