"""What the estimator is given: which kind it is, whether it can be used, its blocks of rows."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import scipy.sparse as sp

from cfdist.algorithms.csr import CsrBlock
from cfdist.errors import DataError
from cfdist.estimator.pairs import n_blocks
from cfdist.estimator.row_block import RowBlock, row_block


class InputError(DataError, ValueError):
    """What was given cannot be used; a ValueError, as callers of scikit-learn expect."""


def is_dask_array(X: Any) -> bool:  # noqa: N803
    """True for a Dask Array."""
    return hasattr(X, "dask") and hasattr(X, "map_blocks")


def is_pairs(X: Any) -> bool:  # noqa: N803
    """True for a Dask DataFrame."""
    return hasattr(X, "map_partitions") and hasattr(X, "columns")


def pair_columns(frame: Any, columns: Sequence[str] | None) -> list[str]:
    """User, article and perhaps weight."""
    if columns is None and len(frame.columns) > 3:
        raise InputError(
            f"which of the columns {list(frame.columns)} are the pairs?",
            remedy='name them: TruncatedSVD(columns=["user_id", "article_id"])',
        )
    names = list(frame.columns if columns is None else columns)
    absent = [name for name in names if name not in frame.columns]
    if absent or len(names) not in (2, 3):
        raise InputError(
            f"columns {names} are not two or three of {list(frame.columns)}",
            remedy='name them: TruncatedSVD(columns=["user_id", "article_id"])',
        )
    return names


def check_not_empty(shape: tuple[int, ...]) -> None:
    """Raise without rows or without columns, in the words of scikit-learn."""
    for size, what in zip(shape, ("sample(s)", "feature(s)"), strict=True):
        if size == 0:
            raise InputError(
                f"Found array with 0 {what} (shape={shape}) while a minimum of 1 is required."
            )


def check_one_column_chunk(X: Any) -> None:  # noqa: N803
    """Raise where a chunk does not hold whole rows."""
    if X.numblocks[1] != 1:
        raise InputError(
            f"the columns lie in {X.numblocks[1]} chunks, where a chunk must hold whole rows",
            remedy="X = X.rechunk({1: -1})",
        )


def cut(block: RowBlock) -> list[RowBlock]:
    """Equal runs of rows, as many as the entries ask for."""
    n_rows = block.shape[0]
    n_entries = block.nnz if isinstance(block, CsrBlock) else block.size
    parts = min(n_blocks(int(n_entries)), n_rows)
    bounds = [n_rows * i // parts for i in range(parts + 1)]
    return [_rows(block, a, b) for a, b in pairwise(bounds)]


def _rows(block: RowBlock, first: int, last: int) -> RowBlock:
    """A run of rows that shares the memory of the block."""
    if not isinstance(block, CsrBlock):
        return block[first:last]
    start, end = int(block.indptr[first]), int(block.indptr[last])
    return CsrBlock(
        block.data[start:end],
        block.indices[start:end],
        block.indptr[first : last + 1] - start,
        (last - first, block.shape[1]),
    )


def local_block(X: Any) -> RowBlock:  # noqa: N803
    """What lies in memory, checked."""
    rows = X.to_numpy() if hasattr(X, "to_numpy") and not sp.issparse(X) else X
    try:
        return row_block(rows)
    except ValueError as error:
        raise InputError(str(error), remedy=remedy(str(error))) from error


def remedy(message: str) -> str:
    """What to do about an error of the values."""
    return "replace or drop them" if "NaN" in message or "infinity" in message else ""
