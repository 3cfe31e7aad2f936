"""A Dask DataFrame of pairs as blocks of a matrix, and back to one row per user."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import dask
import numpy as np
from dask.delayed import Delayed, delayed
from numpy.typing import NDArray

from cfdist.algorithms import csr_products
from cfdist.algorithms.csr import CsrBlock, check_canonical
from cfdist.estimator.solve import tree

ROWS_PER_BLOCK = 2**18
MAX_SMALL_BLOCKS = 64
ROWS_AT_MOST = 2**24

Ids = NDArray[Any]


class CodedPairs(NamedTuple):
    """The matrix of a table of pairs.

    Attributes
    ----------
    parts : delayed CSR blocks, runs of rows
    row_ids : ascending; the row of the matrix is the place
    column_ids : ascending
    """

    parts: list[Delayed]
    row_ids: Ids
    column_ids: Ids


def n_blocks(n_entries: int) -> int:
    """Blocks for that many entries: a function of the data alone, whatever the cluster.

    Examples
    --------
    >>> n_blocks(1_640_000), n_blocks(100)
    (7, 1)
    """
    small = min(MAX_SMALL_BLOCKS, -(-n_entries // ROWS_PER_BLOCK))
    return max(1, small, -(-n_entries // ROWS_AT_MOST))


def code_pairs(frame: Any, columns: Sequence[str]) -> CodedPairs:
    """The matrix of a Dask DataFrame: user, article and perhaps weight; equal pairs are summed.

    Raises
    ------
    ValueError
        An id is missing, or the table is empty.

    Notes
    -----
    Two reads of the table: distinct ids, which come to the client, and coded rows.
    """
    tables = frame[list(columns)].to_delayed()
    distinct = tree(_merge_ids, [delayed(_distinct_ids)(table) for table in tables])
    ((row_ids, column_ids, n_entries),) = dask.compute(distinct)
    if not n_entries:
        raise ValueError("the table of pairs has no rows: 0 sample(s) where at least 1 is required")
    blocks = n_blocks(n_entries)
    bounds = [len(row_ids) * i // blocks for i in range(blocks + 1)]
    ids = delayed((row_ids, column_ids), traverse=False)
    coded = [delayed(_coded)(table, ids, bounds) for table in tables]
    parts = [
        delayed(_assembled)(
            [pieces[i] for pieces in coded], bounds[i + 1] - bounds[i], len(column_ids)
        )
        for i in range(blocks)
    ]
    return CodedPairs(parts, row_ids, column_ids)


def transform_pairs(
    frame: Any, columns: Sequence[str], column_ids: Ids, factors: NDArray[Any], names: Sequence[str]
) -> Any:
    """A Dask DataFrame with one row per user, named by the index; lazy.

    Articles without factors add nothing.
    """
    import pandas as pd

    user = columns[0]
    dtype = np.float64
    meta = pd.DataFrame({user: frame._meta[user], **{n: np.empty(0, dtype) for n in names}})
    held = delayed((column_ids, factors), traverse=False)
    sums = frame[list(columns)].map_partitions(_row_sums, held, list(names), meta=meta)
    return sums.groupby(user, sort=False).sum(split_out=max(1, frame.npartitions))


def _distinct_ids(table: Any) -> tuple[Ids, Ids, int]:
    found = []
    for name in table.columns[:2]:
        values = table[name]
        if values.isna().any():
            raise ValueError(f"Input X contains NaN: ids are missing in column {name!r}")
        found.append(np.sort(np.asarray(values.unique())))
    return found[0], found[1], len(table)


def _merge_ids(left: tuple[Ids, Ids, int], right: tuple[Ids, Ids, int]) -> tuple[Ids, Ids, int]:
    users, articles = (np.union1d(left[i], right[i]) for i in (0, 1))
    return users, articles, left[2] + right[2]


def _codes(values: Any, ids: Ids) -> NDArray[np.int64]:
    """Places of the values among the ids; −1 where there is none."""
    import pandas as pd

    return np.asarray(pd.Index(ids).get_indexer(pd.Index(np.asarray(values))), dtype=np.int64)


def _weights(table: Any) -> NDArray[np.float64]:
    if table.shape[1] < 3:
        return np.ones(len(table))
    return np.asarray(table.iloc[:, 2].to_numpy(dtype=np.float64, na_value=np.nan))


def _coded(table: Any, ids: tuple[Ids, Ids], bounds: Sequence[int]) -> list[Any]:
    """One triple (row within the block, column, weight) per block."""
    rows, columns = (_codes(table.iloc[:, i], ids[i]) for i in (0, 1))
    weights = _weights(table)
    order = np.argsort(rows, kind="stable")
    cuts = np.searchsorted(rows[order], bounds)
    return [
        (rows[part] - first, columns[part], weights[part])
        for first, part in zip(bounds, (order[a:b] for a, b in pairwise(cuts)), strict=False)
    ]


def _assembled(pieces: list[Any], n_rows: int, n_columns: int) -> CsrBlock:
    """Sorted rows without repeats; equal pairs are summed in the order of the partitions."""
    rows, columns, weights = (np.concatenate([piece[i] for piece in pieces]) for i in range(3))
    if not np.isfinite(weights).all():
        raise ValueError("Input X contains NaN or infinity: a weight is not finite")
    keys = rows * n_columns + columns
    order = np.argsort(keys, kind="stable")
    distinct, starts = np.unique(keys[order], return_index=True)
    data = np.add.reduceat(weights[order], starts) if len(starts) else np.empty(0)
    counts = np.bincount(distinct // n_columns, minlength=n_rows)
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    block = CsrBlock(data, (distinct % n_columns).astype(np.int32), indptr, (n_rows, n_columns))  # type: ignore[arg-type]
    check_canonical(block)
    return block


def _row_sums(table: Any, held: tuple[Ids, NDArray[Any]], names: Sequence[str]) -> Any:
    """What the rows of this partition add to each of its users."""
    import pandas as pd

    column_ids, factors = held
    users = table.iloc[:, 0]
    ids = np.sort(np.asarray(users.unique()))
    if not len(table):
        empty = pd.DataFrame(np.empty((0, len(names))), columns=list(names))
        empty.insert(0, table.columns[0], users)
        return empty
    rows, columns = _codes(users, ids), _codes(table.iloc[:, 1], column_ids)
    known = columns >= 0
    piece = (rows[known], columns[known], _weights(table)[known])
    block = _assembled([piece], len(ids), len(column_ids))
    sums = csr_products.times(block, factors.astype(np.float64))
    out = pd.DataFrame(sums, columns=list(names))
    out.insert(0, table.columns[0], pd.Series(ids, dtype=users.dtype))
    return out
