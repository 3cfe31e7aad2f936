"""Rows of all parts of the input brought together by user: one sorted block per run of buckets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import pyarrow as pa
from distributed import Future

from cfdist.algorithms.hashing import N_BUCKETS
from cfdist.algorithms.interactions import InteractionBlock
from cfdist.algorithms.partitioning import block_of
from cfdist.backends import Backend
from cfdist.input.frames import BUCKET, get_frames
from cfdist.stages.context import Context, Stage

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
        Where the rows of each bucket begin; it stays on the host.
    """

    path: Path
    starts: Array

    @property
    def on_host(self) -> tuple[str, ...]:
        """Fields that are not brought to a device: they say which part of the file to read."""
        return ("starts",)


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
    reads : futures of tuples that begin with a table of the backend's engine, with the bucket
        of each row, or all of them with the :class:`RowsFile` of one

    Notes
    -----
    Tables are cut into a piece per block by one task each; a task per block joins its pieces. Of
    files a block's task reads the rows of its run of buckets: memory is that of a block, and
    the number of tasks that of the parts and blocks.
    """
    if goes_through_files(stage.context, len(reads)):
        return [
            stage.compute(_sorted_of_files, number, n_blocks, *reads, part="blocks")
            for number in range(n_blocks)
        ]
    cuts = [stage.compute(_cut, read, n_blocks, label="cut") for read in reads]
    return [
        stage.compute(
            _sorted, *[stage.compute(_piece, cut, number, label="piece") for cut in cuts],
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


def _sorted_of_files(
    backend: Backend, number: int, n_blocks: int, *reads: tuple[RowsFile, Any]
) -> InteractionBlock:
    """A block's rows, from the file of every part."""
    blocks = block_of(np.arange(N_BUCKETS, dtype=np.int32), n_blocks)
    first, last = np.searchsorted(blocks, [number, number + 1])
    pieces = []
    for rows, _ in reads:
        start, stop = rows.starts[first], rows.starts[last]
        with pa.memory_map(str(rows.path)) as source:
            pieces.append(pa.ipc.open_file(source).read_all().slice(start, stop - start))
    frames = get_frames(backend.frames)
    return frames.sort([frames.from_arrow(pa.concat_tables(pieces))])


def _cut(backend: Backend, read: tuple[Any, Any], n_blocks: int) -> list[Any]:
    return get_frames(backend.frames).cut(read[0], n_blocks)


def _piece(_: Backend, cut: list[Any], number: int) -> Any:
    return cut[number]


def _sorted(backend: Backend, *pieces: Any) -> InteractionBlock:
    return get_frames(backend.frames).sort(pieces)
