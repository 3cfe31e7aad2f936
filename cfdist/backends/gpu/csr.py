"""Products of a sparse block with dense arrays, by cuSPARSE.

Sparse times sparse is never asked for: it can return zeros in silence (cupy, issue 10033).
Transposed products add up in any order, so their last bits differ from run to run.
"""

from collections.abc import Iterator
from typing import Any

import cupy
import numpy as np
from cupyx.scipy.sparse import csr_matrix
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.backends.gpu.moving import to_host
from cfdist.backends.tiles import PRODUCT_BYTES


class GpuCsr:
    """Products of a checked block; results may be in either memory order."""

    def __init__(self, block: CsrBlock) -> None:
        indptr = block.indptr.astype(cupy.int32)  # a block has at most 2³⁰ entries
        self._matrix = csr_matrix((block.data, block.indices, indptr), shape=block.shape)
        self._matrix.has_canonical_format = True  # checked; else every product looks again

    def times(self, dense: Any) -> Any:
        """X @ dense."""
        matrix, dense = self._promoted(self._matrix, dense)
        return matrix @ dense

    def transposed_times(self, dense: Any) -> Any:
        """Xᵀ @ dense."""
        matrix, dense = self._promoted(self._matrix, dense)
        return matrix.T @ dense

    def gram_times(self, dense: Any) -> Any:
        """Xᵀ(X @ dense), by runs of rows."""
        matrix, dense = self._promoted(self._matrix, dense)
        total = cupy.zeros((matrix.shape[1], dense.shape[1]), dtype=dense.dtype)
        for rows in self._runs(dense.shape[1] * dense.dtype.itemsize):
            part = matrix[rows]
            total += part.T @ (part @ dense)
        return total

    def gram(self) -> NDArray[np.float64]:
        """XᵀX, by runs of rows made dense."""
        n_columns = self._matrix.shape[1]
        total = cupy.zeros((n_columns, n_columns))
        for rows in self._runs(8 * n_columns):
            dense = self._dense(rows)
            total += dense.T @ dense
        return np.asarray(to_host(total))

    def user_gram(self) -> NDArray[np.float64]:
        """XXᵀ, a run of its columns at a time."""
        n_rows, n_columns = self._matrix.shape
        wide = self._matrix.astype(cupy.float64)
        out = cupy.empty((n_rows, n_rows))
        for rows in self._runs(8 * n_columns):
            out[:, rows] = wide @ self._dense(rows).T
        return np.asarray(to_host(out))

    def _dense(self, rows: slice) -> Any:
        return self._matrix[rows].astype(cupy.float64).toarray()

    def _runs(self, row_bytes: int) -> Iterator[slice]:
        """Runs of rows whose dense array of so many bytes a row is small enough."""
        step = max(1, PRODUCT_BYTES // max(1, row_bytes))
        n_rows = self._matrix.shape[0]
        return (slice(first, min(first + step, n_rows)) for first in range(0, n_rows, step))

    @staticmethod
    def _promoted(matrix: Any, dense: Any) -> tuple[Any, Any]:
        """Both as the wider of their types, in which the sums are."""
        dtype = np.result_type(dense.dtype, matrix.dtype)
        return matrix.astype(dtype, copy=False), dense.astype(dtype, copy=False)
