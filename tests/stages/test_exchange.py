"""Rows meet in the block of their user, by tasks and by a data frame alike."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from dask.sizeof import sizeof
from running import open_context

from cfdist.algorithms.hashing import bucket_of, hash_ids
from cfdist.algorithms.interactions import sort_block
from cfdist.algorithms.partitioning import block_of
from cfdist.input import arrow_frames
from cfdist.input.arrow_frames import rows_with_bucket
from cfdist.input.check import Columns
from cfdist.stages import exchange
from cfdist.stages.checkpoint import Checkpoints
from cfdist.stages.context import staging_of
from cfdist.stages.ingest import ingest

N_ROWS = 600


def some_rows(text: bool) -> Columns:
    """Rows of which a fifth has no user, and a tenth of the others no basket."""
    rng = np.random.default_rng(3)
    user, basket = rng.integers(-40, 40, N_ROWS), rng.integers(0, 300, N_ROWS)
    nobody = rng.random(N_ROWS) < 0.2
    ids = [
        pa.array(user, mask=nobody),
        pa.array(rng.integers(0, 30, N_ROWS)),
        pa.array(basket, mask=~nobody & (rng.random(N_ROWS) < 0.1)),
    ]
    if text:
        ids = [values.cast(pa.string()) for values in ids]
    return Columns(*ids, rng.random(N_ROWS), rng.integers(0, 10**13, N_ROWS))


def part_of(
    rows: Columns, chosen: np.ndarray, folder: Path | None
) -> tuple[pa.Table | exchange.RowsFile, None]:
    index = pa.array(chosen)
    ids = [values.take(index) for values in rows[:3]]
    part = Columns(*ids, rows.quantity[chosen], rows.timestamp[chosen])
    table = rows_with_bucket(part)
    return (exchange.rows_to_file(table, folder) if folder else table), None


def expected_blocks(rows: Columns, n_blocks: int) -> list:
    """Each block from the rows that a loop puts into it."""
    numbers = []
    for user, basket in zip(rows.user_id, rows.basket_id, strict=True):
        known = user if user.is_valid else basket
        hashes = hash_ids(pa.array([known.as_py()], rows.user_id.type))
        numbers.append(int(block_of(bucket_of(hashes), n_blocks)[0]))
    blocks = []
    for number in range(n_blocks):
        chosen = np.flatnonzero(np.array(numbers) == number)
        ids = [values.take(pa.array(chosen)) for values in rows[:3]]
        blocks.append(sort_block(*ids, rows.quantity[chosen], rows.timestamp[chosen]))
    return blocks


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("in_files", [False, True])
def test_blocks_are_those_of_a_loop(tmp_path, text, in_files):
    rows, n_blocks = some_rows(text), 5
    places = np.random.default_rng(4).permutation(N_ROWS)
    cuts = np.split(places, [100, 100, 350])  # one part has no rows
    with open_context(tmp_path) as context, context.stage("ingest") as stage:
        context.out_of_core = in_files
        folder = tmp_path if in_files else None
        reads = [stage.submit(part_of, rows, cut, folder, label="read") for cut in cuts]
        blocks = [f.result() for f in exchange.exchange(stage, reads, n_blocks)]
    for found, wanted in zip(blocks, expected_blocks(rows, n_blocks), strict=True):
        assert found.user_ids.equals(wanted.user_ids)
        assert found.article_ids.equals(wanted.article_ids)
        for mine, theirs in zip(found[2:], wanted[2:], strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_a_piece_weighs_what_it_holds(tmp_path):
    """Dask counts a view at the size of the whole, and refuses tasks by such sums."""
    table, _ = part_of(some_rows(text=True), np.arange(N_ROWS), None)
    pieces = arrow_frames.cut(table, 5)
    assert sum(len(piece) for piece in pieces) == N_ROWS
    assert sum(sizeof(piece) for piece in pieces) < 1.5 * sizeof(table)


def test_files_of_parts_are_gone_after_ingest(tmp_path):
    with open_context(tmp_path) as context:
        context.out_of_core = True
        context.checkpoints = Checkpoints(tmp_path / "checkpoints", "run")
        ingest(context)
        assert not list(staging_of(context).glob("rows-*"))
