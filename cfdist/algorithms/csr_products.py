"""Products of a checked CSR block with a dense array, outside of Python's lock.

SciPy's products keep the lock: two threads took 1.5 times as long as one after the other. Here
rows are walked in order and every sum has one order, so a result depends on the block alone. Sums
are in the type of the dense array.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock

Dense = NDArray[np.floating]
ROWS_AT_ONCE = 2_048


def times(block: CsrBlock, dense: Dense) -> Dense:
    """X @ dense, ``(n_rows, n)`` of the type of ``dense``."""
    right = _fitting(dense, block.shape[1])
    out = np.zeros((block.shape[0], right.shape[1]), right.dtype)
    _add_times(block.indptr, block.indices, block.data, right, out)
    return out


def transposed_times(block: CsrBlock, dense: Dense) -> Dense:
    """Xᵀ @ dense, ``(n_columns, n)`` of the type of ``dense``."""
    left = _fitting(dense, block.shape[0])
    out = np.zeros((block.shape[1], left.shape[1]), left.dtype)
    _add_transposed_times(block.indptr, block.indices, block.data, left, out)
    return out


def gram_times(block: CsrBlock, dense: Dense) -> Dense:
    """Xᵀ(X @ dense), ``(n_columns, n)``, without the product in between.

    Notes
    -----
    Cost: two multiplications and additions per entry and column. Memory: the result and 2,048 rows;
    X @ dense would be 56 MB for 557,000 users and 25 columns.
    """
    right = _fitting(dense, block.shape[1])
    out = np.zeros_like(right)
    _add_gram_times(block.indptr, block.indices, block.data, right, out)
    return out


def _fitting(dense: Dense, n_rows: int) -> Dense:
    """The array with its rows in one piece, of the height that the block's indices need."""
    if dense.ndim != 2 or dense.shape[0] != n_rows:
        raise ValueError(f"an array of shape {dense.shape} does not have {n_rows} rows")
    return np.ascontiguousarray(dense)


@njit(nogil=True, cache=True)
def _add_times(indptr, indices, data, dense, out):
    for row in range(len(indptr) - 1):
        for entry in range(indptr[row], indptr[row + 1]):
            column = indices[entry]
            weight = out.dtype.type(data[entry])
            for i in range(dense.shape[1]):
                out[row, i] += weight * dense[column, i]


@njit(nogil=True, cache=True)
def _add_transposed_times(indptr, indices, data, dense, out):
    for row in range(len(indptr) - 1):
        for entry in range(indptr[row], indptr[row + 1]):
            column = indices[entry]
            weight = out.dtype.type(data[entry])
            for i in range(dense.shape[1]):
                out[column, i] += weight * dense[row, i]


@njit(nogil=True, cache=True)
def _add_gram_times(indptr, indices, data, dense, out):
    scratch = np.empty((ROWS_AT_ONCE, dense.shape[1]), out.dtype)
    n_rows = len(indptr) - 1
    for first in range(0, n_rows, ROWS_AT_ONCE):
        n = min(ROWS_AT_ONCE, n_rows - first)
        scratch[:n] = 0
        bounds = indptr[first : first + n + 1]
        _add_times(bounds, indices, data, dense, scratch)
        _add_transposed_times(bounds, indices, data, scratch, out)
