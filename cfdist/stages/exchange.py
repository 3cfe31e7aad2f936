"""Rows of all parts of the input brought together by user: one sorted block per run of buckets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import pyarrow as pa
from distributed import Future

from cfdist.algorithms.hashing import BUCKET_SEED, N_BUCKETS, bucket_of
from cfdist.algorithms.interactions import InteractionBlock, sort_block
from cfdist.algorithms.partitioning import block_of
from cfdist.algorithms.sampling import hash_user_or_basket
from cfdist.input.check import Columns
from cfdist.schema import ARTICLE_ID, BASKET_ID, QUANTITY, TIMESTAMP, USER_ID
from cfdist.stages.context import Context, Stage

BUCKET = "bucket"
BLOCK = "block"
MAX_PARTS = 64
"""Parts up to which their rows stay in memory: 4,096 pieces for 64 blocks."""

Array = np.ndarray[Any, Any]


class RowsFile(NamedTuple):
    """Rows of a part in a file.

    Attributes
    ----------
    path : Path
        Arrow IPC, rows by bucket.
    starts : int64 ``(N_BUCKETS + 1,)``
        Where the rows of each bucket begin.
    """

    path: Path
    starts: Array


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


def goes_through_files(context: Context, n_parts: int) -> bool:
    """Whether rows wait in files for their block: out of core, or with many parts."""
    return context.out_of_core or n_parts > MAX_PARTS


def rows_to_file(table: pa.Table, folder: Path) -> RowsFile:
    """The rows in a file of their own, by bucket; the file goes with the run's staging folder."""
    bucket = np.asarray(table[BUCKET])
    order = np.argsort(bucket.astype(np.int16), kind="stable")  # 16 bits: a radix sort
    ordered = table.drop_columns(BUCKET).combine_chunks().take(pa.array(order))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rows-{uuid4().hex}.arrow"
    with pa.ipc.new_file(str(path), ordered.schema) as file:
        file.write_table(ordered)
    counts = np.bincount(bucket, minlength=N_BUCKETS)
    return RowsFile(path, np.concatenate(([0], np.cumsum(counts))))


def exchange(stage: Stage, reads: Sequence[Future], n_blocks: int) -> list[Future]:
    """One sorted block per run of buckets, of the rows of all parts.

    Parameters
    ----------
    reads : futures of tuples that begin with a table of :func:`rows_with_bucket`, or all of them
        with the :class:`RowsFile` of one

    Notes
    -----
    Tables are cut into a piece per block by one task each; a task per block joins its pieces. Of
    files a block's task reads the rows of its run of buckets: memory is that of a block, and
    the number of tasks that of the parts and blocks.
    """
    if goes_through_files(stage.context, len(reads)):
        return [
            stage.submit(_sorted_of_files, number, n_blocks, *reads, part="blocks")
            for number in range(n_blocks)
        ]
    cuts = [stage.submit(_cut, read, n_blocks, label="cut") for read in reads]
    return [
        stage.submit(
            _sorted, *[stage.submit(_piece, cut, number, label="piece") for cut in cuts],
            part="blocks",
        )
        for number in range(n_blocks)
    ]  # fmt: skip


def remove_files(reads: Sequence[Future]) -> None:
    """Delete the files of parts whose blocks are made; a part that is read again writes anew."""
    for future in reads:
        rows = future.result()[0]
        if isinstance(rows, RowsFile):
            rows.path.unlink(missing_ok=True)


def _sorted_of_files(number: int, n_blocks: int, *reads: tuple[RowsFile, Any]) -> InteractionBlock:
    """A block's rows, from the file of every part."""
    blocks = block_of(np.arange(N_BUCKETS, dtype=np.int32), n_blocks)
    first, last = np.searchsorted(blocks, [number, number + 1])
    pieces = []
    for rows, _ in reads:
        start, stop = rows.starts[first], rows.starts[last]
        with pa.memory_map(str(rows.path)) as source:
            pieces.append(pa.ipc.open_file(source).read_all().slice(start, stop - start))
    return _sorted(*pieces)


def _cut(read: tuple[pa.Table, Any], n_blocks: int) -> list[pa.Table]:
    """The rows of each block, each a copy: Dask takes a view for as large as the whole."""
    table = read[0]
    block = block_of(np.asarray(table[BUCKET]), n_blocks)
    order = np.argsort(block.astype(np.int16), kind="stable")  # 16 bits: a radix sort
    rows = table.drop_columns(BUCKET).combine_chunks()
    ends = np.cumsum(np.bincount(block, minlength=n_blocks))
    return [rows.take(pa.array(chosen)) for chosen in np.split(order, ends[:-1])]


def _piece(cut: list[pa.Table], number: int) -> pa.Table:
    return cut[number]


def _sorted(*pieces: pa.Table) -> InteractionBlock:
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


def _array(table: pa.Table, name: str) -> pa.Array:
    return pa.concat_arrays(table[name].chunks) if len(table) else pa.array([], table[name].type)
