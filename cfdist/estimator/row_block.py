"""A block of rows from whatever holds them, checked, and its products."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cfdist.algorithms import csr_products
from cfdist.algorithms.csr import CsrBlock, check_canonical
from cfdist.algorithms.variance import column_totals

ROWS_AT_ONCE = 4_096
MAX_COLUMNS = 2**31 - 1

RowBlock = CsrBlock | NDArray[np.floating]


class BlockFacts(NamedTuple):
    """What the fit must know of all blocks together; adds up over them.

    Attributes
    ----------
    squared_norm : ‖X‖²_F
    column_sum : float64 ``(n_columns,)``
    """

    squared_norm: float
    column_sum: NDArray[np.float64]


def row_block(rows: Any) -> RowBlock:
    """Checked rows: a :class:`CsrBlock` of a sparse matrix, an array of a dense one.

    Parameters
    ----------
    rows : sparse matrix or array of SciPy in any format, array of the library ``sparse``, ndarray

    Returns
    -------
    Float32 where the values fit it by their type, else float64. Sparse rows are never made dense.

    Raises
    ------
    ValueError
        NaN, infinite or complex values, another number of dimensions, indices out of range.
    """
    if hasattr(rows, "to_scipy_sparse"):
        rows = rows.to_scipy_sparse()
    if getattr(rows, "ndim", 2) != 2:
        raise ValueError(f"Expected 2D array, got {rows.ndim}D array instead: Reshape your data")
    return _sparse_block(rows) if sp.issparse(rows) else _dense_block(np.asarray(rows))


def block_facts(block: RowBlock) -> BlockFacts:
    """Sums of squares and of columns, in float64."""
    if isinstance(block, CsrBlock):
        totals = column_totals(block)
        return BlockFacts(totals.squared_norm, totals.column_sum)
    squares = np.einsum("ij,ij->", block, block, dtype=np.float64)
    return BlockFacts(float(squares), block.sum(axis=0, dtype=np.float64))


def add_facts(left: BlockFacts, right: BlockFacts) -> BlockFacts:
    """Facts of two blocks together."""
    return BlockFacts(left.squared_norm + right.squared_norm, left.column_sum + right.column_sum)


def times(block: RowBlock, dense: NDArray[Any]) -> NDArray[Any]:
    """X @ dense, in the wider type of both."""
    if isinstance(block, CsrBlock):
        wide = np.result_type(block.data.dtype, dense.dtype)
        return csr_products.times(block, dense.astype(wide, copy=False))
    return np.asarray(block @ dense)


def gram_times(block: RowBlock, dense: NDArray[Any]) -> NDArray[Any]:
    """Xᵀ(X @ dense), in the type of ``dense``."""
    if isinstance(block, CsrBlock):
        return csr_products.gram_times(block, dense)
    total = np.zeros_like(dense)
    for rows in _runs(block, dense.dtype):
        total += rows.T @ (rows @ dense)
    return total


def gram(block: RowBlock) -> NDArray[np.float64]:
    """XᵀX, dense float64."""
    if isinstance(block, CsrBlock):
        wide = block.to_scipy().astype(np.float64)
        return np.asarray((wide.T @ wide).toarray())
    total = np.zeros((block.shape[1], block.shape[1]))
    for rows in _runs(block, np.float64):
        total += rows.T @ rows
    return total


class FewRows:
    """All rows as one operator, for :func:`cfdist.algorithms.krylov.decompose_user_gram`."""

    def __init__(self, blocks: list[RowBlock]) -> None:
        wide = [_wide(block) for block in blocks]
        self._is_sparse = isinstance(blocks[0], CsrBlock)
        self._matrix: Any = sp.vstack(wide).tocsr() if self._is_sparse else np.concatenate(wide)

    def user_gram(self) -> NDArray[np.float64]:
        """XXᵀ, dense."""
        product: Any = self._matrix @ self._matrix.T
        return np.asarray(product.toarray() if self._is_sparse else product)

    def transposed_times(self, dense: NDArray[np.float64]) -> NDArray[np.float64]:
        """Xᵀ @ dense."""
        return np.asarray(self._matrix.T @ dense)


def _wide(block: RowBlock) -> Any:
    if isinstance(block, CsrBlock):
        return block.to_scipy().astype(np.float64)
    return block.astype(np.float64)


def _runs(block: NDArray[np.floating], dtype: Any) -> Any:
    """Runs of rows in another type, so that no second array of the block's size is made."""
    for first in range(0, len(block), ROWS_AT_ONCE):
        yield block[first : first + ROWS_AT_ONCE].astype(dtype, copy=False)


def _sparse_block(rows: Any) -> CsrBlock:
    """Canonical CSR; the caller's matrix is not changed."""
    if rows.shape[1] > MAX_COLUMNS:
        raise ValueError(f"{rows.shape[1]:,} columns, at most {MAX_COLUMNS:,} fit")
    _check_indices(rows)
    matrix = sp.csr_matrix(rows)
    if not matrix.has_canonical_format:
        matrix = matrix.copy() if matrix is rows or rows.format == "csr" else matrix
        matrix.sum_duplicates()
    block = CsrBlock(
        np.asarray(matrix.data, dtype=_float_type(matrix.dtype)),
        matrix.indices.astype(np.int32, copy=False),
        matrix.indptr.astype(np.int64, copy=False),
        (int(matrix.shape[0]), int(matrix.shape[1])),
    )
    _check_finite(block.data)
    check_canonical(block)
    return block


def _check_indices(rows: Any) -> None:
    """Raise where SciPy's own compiled code would write outside of its arrays."""
    if rows.format not in ("csr", "csc") or not len(rows.indices):
        return
    limit = rows.shape[1] if rows.format == "csr" else rows.shape[0]
    lowest, highest = int(rows.indices.min()), int(rows.indices.max())
    if lowest < 0 or highest >= limit:
        index = lowest if lowest < 0 else highest
        raise ValueError(f"index {index} outside 0 … {limit - 1}")


def _dense_block(rows: NDArray[Any]) -> NDArray[np.floating]:
    if rows.ndim != 2:
        raise ValueError(f"Expected 2D array, got {rows.ndim}D array instead: Reshape your data")
    if rows.dtype.kind == "O":
        rows = rows.astype(np.float64)
    block = np.ascontiguousarray(rows, dtype=_float_type(rows.dtype))
    _check_finite(block)
    return block


def _check_finite(values: NDArray[np.floating]) -> None:
    if not np.isfinite(values).all():
        what = "NaN" if np.isnan(values).any() else "infinity"
        raise ValueError(f"Input X contains {what}")


def _float_type(dtype: np.dtype[Any]) -> Any:
    """Float32 where every value of the type is one."""
    if dtype.kind not in "biuf":
        if dtype.kind == "c":
            raise ValueError("Complex data not supported")
        raise ValueError(f"values of type {dtype} are not numbers")
    return np.float32 if np.can_cast(dtype, np.float32) else np.float64
