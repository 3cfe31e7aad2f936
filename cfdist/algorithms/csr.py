"""A block of a sparse matrix as plain arrays, which Dask can size, spill and send.

The arrays are NumPy's, or cupy's on a GPU; what makes blocks of blocks leaves them where they are.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cfdist.algorithms.namespace import namespace_of

MAX_BLOCK_NNZ = 2**30


class CsrBlock(NamedTuple):
    """Rows of a sparse matrix in compressed form.

    Attributes
    ----------
    data : float32 ``(nnz,)``
    indices : int32 ``(nnz,)``, ascending and unique within a row
    indptr : int64 ``(n_rows + 1,)``
    shape : ``(n_rows, n_columns)``
    """

    data: NDArray[np.float32]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int64]
    shape: tuple[int, int]

    @property
    def nnz(self) -> int:
        """Stored entries, explicit zeros included."""
        return len(self.indices)

    @property
    def nbytes(self) -> int:
        """Bytes of the three arrays."""
        return int(self.data.nbytes + self.indices.nbytes + self.indptr.nbytes)

    def to_scipy(self) -> sp.csr_matrix:
        """The same arrays as a SciPy matrix, without a copy of data."""
        indptr: NDArray[np.integer] = self.indptr
        if self.nnz <= MAX_BLOCK_NNZ:  # beyond, int32 would wrap silently
            indptr = indptr.astype(np.int32)
        return sp.csr_matrix((self.data, self.indices, indptr), shape=self.shape, copy=False)


def csr_from_sorted(
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
    data: NDArray[np.floating],
    shape: tuple[int, int],
) -> CsrBlock:
    """Block of entries that are sorted by (row, column) and unique, checked."""
    xp = namespace_of(data)
    counts = xp.bincount(rows, minlength=shape[0])
    with np.errstate(over="ignore"):  # what does not fit float32 is refused as not finite
        narrow = data.astype(xp.float32)
    block = CsrBlock(narrow, columns.astype(xp.int32), _pointers(counts), shape)
    check_canonical(block)
    return block


def check_canonical(block: CsrBlock) -> None:
    """Raise unless the block is sorted, unique, finite and in range.

    Raises
    ------
    ValueError
        One bad index is a crash of the process in the native kernels of this field.
    """
    xp = namespace_of(block.data)
    n_rows, n_columns = block.shape
    indptr, indices = block.indptr, block.indices
    if len(indptr) != n_rows + 1 or int(indptr[0]) != 0 or int(indptr[-1]) != len(indices):
        raise ValueError(f"indptr does not describe {n_rows} rows of {len(indices)} entries")
    if len(indices) > MAX_BLOCK_NNZ:
        raise ValueError(f"{len(indices)} entries in a block, at most {MAX_BLOCK_NNZ} fit")
    if len(block.data) != len(indices) or bool(xp.any(xp.diff(indptr) < 0)):
        raise ValueError("data, indices and indptr do not belong together")
    if not len(indices):
        return
    lowest, highest = int(indices.min()), int(indices.max())
    if lowest < 0 or highest >= n_columns:
        column = lowest if lowest < 0 else highest
        raise ValueError(f"column {column} outside 0 … {n_columns - 1}")
    ascending = xp.diff(indices) > 0
    starts = indptr[1:-1]
    ascending[starts[(starts > 0) & (starts < len(indices))] - 1] = True
    if not bool(ascending.all()):
        raise ValueError("column indices of a row are not ascending and unique")
    if not bool(xp.isfinite(block.data).all()):
        raise ValueError("weights are not finite")


def stack(blocks: list[CsrBlock]) -> CsrBlock:
    """The rows of all blocks, in order."""
    xp = namespace_of(blocks[0].data)
    offsets = np.cumsum([0] + [block.nnz for block in blocks]).tolist()
    indptr = [block.indptr[1:] + start for block, start in zip(blocks, offsets, strict=False)]
    return CsrBlock(
        xp.concatenate([block.data for block in blocks]),
        xp.concatenate([block.indices for block in blocks]),
        xp.concatenate([xp.zeros(1, xp.int64), *indptr]),
        (sum(block.shape[0] for block in blocks), blocks[0].shape[1]),
    )


def take_rows(block: CsrBlock, rows: NDArray[np.integer]) -> CsrBlock:
    """The named rows, in the order given."""
    xp = namespace_of(block.data)
    lengths = xp.diff(block.indptr)[rows]
    indptr = _pointers(lengths)
    shift = xp.repeat(block.indptr[rows] - indptr[:-1], lengths)
    entries = xp.arange(len(shift)) + shift
    return CsrBlock(
        block.data[entries], block.indices[entries], indptr, (len(rows), block.shape[1])
    )


def row_of_entries(block: CsrBlock) -> NDArray[np.int64]:
    """Row of each entry, int64 ``(nnz,)``."""
    xp = namespace_of(block.indptr)
    rows: NDArray[np.int64] = xp.repeat(xp.arange(block.shape[0]), xp.diff(block.indptr))
    return rows


def empty_rows(shape: tuple[int, int], like: Any = None) -> CsrBlock:
    """A block without entries, in the library of the array ``like``."""
    xp = namespace_of(like)
    return CsrBlock(
        xp.empty(0, xp.float32), xp.empty(0, xp.int32), xp.zeros(shape[0] + 1, xp.int64), shape
    )


def binary(block: CsrBlock) -> CsrBlock:
    """1 for every weight above 0, 0 for what was owned but not kept."""
    return block._replace(data=(block.data > 0).astype(np.float32))


def _pointers(lengths: NDArray[np.integer]) -> NDArray[np.int64]:
    """Where the entries of each row begin, and the end; from the number of each row's."""
    xp = namespace_of(lengths)
    pointers = xp.concatenate([xp.zeros(1, xp.int64), xp.cumsum(lengths)])
    return pointers.astype(xp.int64)  # type: ignore[no-any-return]
