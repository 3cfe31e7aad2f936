"""The input as cuDF tables on a device. What cuDF cannot read as Arrow does, Arrow reads.

Tables are plain frames inside tasks: a collection of dask-cudf would need a GPU on the client and
on the scheduler.
"""

from collections.abc import Sequence
from typing import Any

import cudf
import cupy
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cfdist.algorithms.hashing import BUCKET_SEED, SAMPLE_SEED, bucket_of
from cfdist.algorithms.interactions import (
    DAY_US,
    InteractionBlock,
    number_baskets,
    order_users,
    sort_codes,
)
from cfdist.algorithms.partitioning import block_of
from cfdist.algorithms.sampling import WHOLE_RANGE, lowest_distinct, mix_row
from cfdist.backends.transfers import count
from cfdist.input import arrow_frames, cudf_columns
from cfdist.input.check import RowCounts, Values, judge
from cfdist.input.cudf_columns import Unfit, hash_column
from cfdist.input.cudf_reader import read_columns, why_arrow
from cfdist.input.frames import BUCKET
from cfdist.input.source import Part, Source
from cfdist.schema import ARTICLE_ID, BASKET_ID, ID_COLUMNS, QUANTITY, TIMESTAMP, USER_ID
from cfdist.settings import IngestSettings


def read(
    part: Part, source: Source, settings: IngestSettings, threshold: int, now_us: int
) -> tuple[Any, RowCounts]:
    """Checked and sampled rows of a part with their bucket, and their counts."""
    reason = why_arrow(part, source.columns.named(), settings)
    if reason is None:
        try:
            return _read(part, source, settings, threshold, now_us)
        except Unfit:
            reason = "a value is an error, which Arrow names"
    table, counts = arrow_frames.read(part, source, settings, threshold, now_us)
    counts.host_reads[reason] = 1
    return from_arrow(table), counts


def _read(
    part: Part, source: Source, settings: IngestSettings, threshold: int, now_us: int
) -> tuple[Any, RowCounts]:
    raw = read_columns(part, source.columns.named())
    ids: dict[str, Any] = {name: cudf_columns.ids(raw[name]) for name in ID_COLUMNS if name in raw}
    values = _values(raw, ids, part, settings)
    keep, counts = judge(values, part, settings, now_us)
    columns = ids | {
        QUANTITY: cudf.Series(values.quantity),
        TIMESTAMP: cudf.Series(values.timestamp),
    }
    rows = _kept(cudf.DataFrame(columns), keep)
    kept = _sampled(rows, settings.sample_by, threshold)
    if kept is not None:
        used = ~rows[USER_ID].isna().to_cupy() & (rows[QUANTITY].to_cupy() > 0)
        counts.leave_out(int(cupy.count_nonzero(used & ~kept)))
        rows = _kept(rows, kept)
    rows[BUCKET] = cudf.Series(bucket_of(_owner_hashes(rows, BUCKET_SEED)))
    return rows, counts


def _values(
    raw: dict[str, Any], ids: dict[str, Any], part: Part, settings: IngestSettings
) -> Values:
    """What is judged of each row."""
    n_rows = len(ids[USER_ID])
    missing = {name: column.isna().to_cupy() for name, column in ids.items()}
    quantity = cupy.ones(n_rows) if QUANTITY not in raw else cudf_columns.numbers(raw[QUANTITY])
    timestamp, known = cupy.zeros(n_rows, dtype=np.int64), None
    if TIMESTAMP in raw:
        timestamp, known = cudf_columns.times(raw[TIMESTAMP], settings)
    return Values(
        missing[USER_ID], missing[ARTICLE_ID], missing.get(BASKET_ID), quantity, timestamp, known
    )


def _kept(rows: Any, mask: Any) -> Any:
    """The rows that the mask marks, numbered anew."""
    return _chosen(rows, cupy.flatnonzero(mask)) if not bool(mask.all()) else rows


def _chosen(rows: Any, places: Any) -> Any:
    return rows.take(places).reset_index(drop=True)


def _owner_hashes(rows: Any, seed: int) -> Any:
    """Hash of each row's user; of its basket where it has no user."""
    hashes = hash_column(rows[USER_ID], seed)
    if BASKET_ID not in rows.columns:
        return hashes
    no_user = rows[USER_ID].isna().to_cupy()
    return cupy.where(no_user, hash_column(rows[BASKET_ID], seed), hashes)


def _sampled(rows: Any, sample_by: str, threshold: int) -> Any:
    """Mask of the rows in the sample; None for all."""
    if threshold >= WHOLE_RANGE:
        return None
    hashes = _owner_hashes(rows, SAMPLE_SEED)
    if sample_by != "users":
        article = hash_column(rows[ARTICLE_ID], SAMPLE_SEED)
        hashes = mix_row(hashes, article, rows[TIMESTAMP].to_cupy(), rows[QUANTITY].to_cupy())
    return hashes < np.uint64(threshold)


def lowest_hashes(
    part: Part, source: Source, settings: IngestSettings, wanted: int
) -> NDArray[np.uint64]:
    """The lowest distinct sampling hashes of a part's users, one more than the sample's floor."""
    named = {USER_ID: source.columns.named()[USER_ID]}
    if why_arrow(part, named, settings) is not None:
        return arrow_frames.lowest_hashes(part, source, settings, wanted)
    try:
        users = cudf_columns.ids(read_columns(part, named)[USER_ID])
    except Unfit:
        return arrow_frames.lowest_hashes(part, source, settings, wanted)
    hashes = hash_column(users, SAMPLE_SEED)[~users.isna().to_cupy()]
    lowest = lowest_distinct(hashes, settings.min_sample_users + 1, wanted)
    count("to_host", lowest.nbytes)
    found: NDArray[np.uint64] = cupy.asnumpy(lowest)
    return found


def cut(table: Any, n_blocks: int) -> list[Any]:
    """The rows of each block, each a copy."""
    block = block_of(table[BUCKET].to_cupy(), n_blocks)
    order = cupy.argsort(block)
    ends = cupy.cumsum(cupy.bincount(block, minlength=n_blocks)).tolist()
    rows = table.drop(columns=BUCKET)
    starts = [0, *ends[:-1]]
    return [_chosen(rows, order[a:b]) for a, b in zip(starts, ends, strict=True)]


def sort(pieces: Sequence[Any]) -> InteractionBlock:
    """The rows of all pieces as a sorted block; its distinct ids travel to the host."""
    rows = cudf.concat(list(pieces), ignore_index=True)
    user, users = _encode(rows[USER_ID])
    by_bucket, user = order_users(hash_column(users, BUCKET_SEED), user)
    article, articles = _encode(rows[ARTICLE_ID])
    return sort_codes(
        _on_host(users.take(by_bucket)), _on_host(articles), user, article, _baskets(rows),
        rows[QUANTITY].to_cupy(), rows[TIMESTAMP].to_cupy(),
    )  # fmt: skip


def _encode(column: Any) -> tuple[Any, Any]:
    """Code of each value, −1 of a null, and the distinct ones, sorted (texts by their bytes)."""
    codes, distinct = column.factorize(sort=True)
    return codes.astype(np.int32), cudf.Series(distinct)


def _baskets(rows: Any) -> Any:
    """Codes in the order of the ids; rows without one follow, by their day."""
    day = cupy.unique(rows[TIMESTAMP].to_cupy() // DAY_US, return_inverse=True)[1]
    if BASKET_ID not in rows.columns:
        return day.astype(np.int32)
    code, distinct = _encode(rows[BASKET_ID])
    return number_baskets(code, len(distinct), day.astype(np.int32))


def _on_host(ids: Any) -> pa.Array:
    """The ids as an Arrow array of int64 or text; cuDF has long texts only."""
    found = ids.to_arrow()
    count("to_host", found.nbytes)
    return found if pa.types.is_integer(found.type) else found.cast(pa.string())


def to_arrow(table: Any) -> pa.Table:
    """The table on the host."""
    found = table.to_arrow(preserve_index=False)
    count("to_host", found.nbytes)
    types = [pa.string() if pa.types.is_large_string(t) else t for t in found.schema.types]
    return found.cast(pa.schema(list(zip(found.schema.names, types, strict=True))))


def from_arrow(table: pa.Table) -> Any:
    """The table on the device."""
    count("to_device", table.nbytes)
    return cudf.DataFrame.from_arrow(table)
