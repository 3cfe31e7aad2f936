"""The input as Arrow tables on the host: no data frame, whose import alone takes 0.4 s."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cfdist.algorithms.hashing import BUCKET_SEED, SAMPLE_SEED, bucket_of, hash_ids
from cfdist.algorithms.interactions import InteractionBlock, sort_block
from cfdist.algorithms.partitioning import block_of
from cfdist.algorithms.sampling import (
    WHOLE_RANGE,
    hash_user_or_basket,
    in_row_sample,
    in_user_sample,
    lowest_distinct,
)
from cfdist.input.check import Columns, RowCounts, check_rows, take_rows
from cfdist.input.frames import BUCKET
from cfdist.input.ids import read_ids
from cfdist.input.read import read_part
from cfdist.input.source import Part, Source
from cfdist.schema import ARTICLE_ID, BASKET_ID, QUANTITY, TIMESTAMP, USER_ID
from cfdist.settings import IngestSettings

Array = NDArray[Any]


def read(
    part: Part, source: Source, settings: IngestSettings, threshold: int, now_us: int
) -> tuple[pa.Table, RowCounts]:
    """Checked and sampled rows of a part with their bucket, and their counts."""
    counts = RowCounts()
    tables = []
    for where, table in read_part(part, source.columns, settings):
        checked, part_counts = check_rows(table, where, source.id_types, settings, now_us)
        kept = _sampled(checked, settings.sample_by, threshold)
        if kept is not None:
            used = np.asarray(checked.user_id.is_valid()) & (checked.quantity > 0)
            part_counts.leave_out(int(np.count_nonzero(used & ~kept)))
            checked = take_rows(checked, kept)
        counts.add(part_counts)
        tables.append(rows_with_bucket(checked))
    if not tables:
        tables.append(rows_with_bucket(_no_rows(source)))
    return pa.concat_tables(tables), counts


def lowest_hashes(
    part: Part, source: Source, settings: IngestSettings, wanted: int
) -> NDArray[np.uint64]:
    """The lowest distinct sampling hashes of a part's users, one more than the sample's floor."""
    lowest = np.empty(0, dtype=np.uint64)
    for where, table in read_part(part, source.columns, settings, (USER_ID,)):
        column = table[USER_ID].combine_chunks()
        users = read_ids(column, USER_ID, source.id_types[USER_ID], where)
        found = np.concatenate([lowest, hash_ids(users.drop_null(), SAMPLE_SEED)])
        lowest = lowest_distinct(found, settings.min_sample_users + 1, wanted)
    return lowest


def cut(table: pa.Table, n_blocks: int) -> list[pa.Table]:
    """The rows of each block, each a copy: Dask takes a view for as large as the whole."""
    block = block_of(np.asarray(table[BUCKET]), n_blocks)
    order = np.argsort(block.astype(np.int16), kind="stable")  # 16 bits: a radix sort
    rows = table.drop_columns(BUCKET).combine_chunks()
    ends = np.cumsum(np.bincount(block, minlength=n_blocks))
    return [rows.take(pa.array(chosen)) for chosen in np.split(order, ends[:-1])]


def sort(pieces: Sequence[pa.Table]) -> InteractionBlock:
    """The rows of all pieces as a sorted block."""
    rows = pa.concat_tables(pieces).combine_chunks()
    basket = _array(rows, BASKET_ID) if BASKET_ID in rows.column_names else None
    return sort_block(
        _array(rows, USER_ID),
        _array(rows, ARTICLE_ID),
        basket,
        np.asarray(rows[QUANTITY]),
        np.asarray(rows[TIMESTAMP]),
    )


def to_arrow(table: pa.Table) -> pa.Table:
    """The table itself."""
    return table


def from_arrow(table: pa.Table) -> pa.Table:
    """The table itself."""
    return table


def rows_with_bucket(rows: Columns) -> pa.Table:
    """The rows as a table, with the bucket of their user or, without one, of their basket."""
    bucket = bucket_of(hash_user_or_basket(rows.user_id, rows.basket_id, BUCKET_SEED))
    columns = {
        BUCKET: pa.array(bucket),
        USER_ID: rows.user_id,
        ARTICLE_ID: rows.article_id,
        QUANTITY: pa.array(rows.quantity),
        TIMESTAMP: pa.array(rows.timestamp),
    }
    if rows.basket_id is not None:
        columns[BASKET_ID] = rows.basket_id
    return pa.table(columns)


def _no_rows(source: Source) -> Columns:
    user, article = (pa.array([], source.id_types[name]) for name in (USER_ID, ARTICLE_ID))
    basket = pa.array([], source.id_types[BASKET_ID]) if BASKET_ID in source.id_types else None
    return Columns(user, article, basket, np.empty(0), np.empty(0, dtype=np.int64))


def _sampled(rows: Columns, sample_by: str, threshold: int) -> Array | None:
    """Mask of the rows in the sample; None for all."""
    if threshold >= WHOLE_RANGE:
        return None
    if sample_by == "users":
        return in_user_sample(rows.user_id, rows.basket_id, threshold)
    return in_row_sample(
        rows.user_id, rows.basket_id, rows.article_id, rows.timestamp, rows.quantity, threshold
    )


def _array(table: pa.Table, name: str) -> pa.Array:
    return pa.concat_arrays(table[name].chunks) if len(table) else pa.array([], table[name].type)
