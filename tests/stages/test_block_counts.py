from interaction_rows import NUMBERS, block_from
from reference import Row
from running import open_context

from cfdist.stages.block_counts import BlockCounts, count_block, count_blocks, describe_rest

ROWS = [
    Row(1, 7, 0, 1.0, 50),
    Row(1, 8, 0, -1.0, 90),
    Row(4, 7, 0, 2.0, 40),
    Row(None, 7, 1, 1.0, 10),
]


def test_purchases_of_users_are_counted():
    assert count_block(block_from(ROWS, NUMBERS)) == BlockCounts(2, 2, 1, 10, 90)
    assert count_block(block_from([], NUMBERS)) == BlockCounts(0, 0, 0, None, None)


def test_blocks_add_up(tmp_path):
    with open_context(tmp_path) as context, context.stage("count") as stage:
        rows = (ROWS[:2], [], ROWS[2:])
        blocks = [stage.submit(block_from, part, NUMBERS, label="block") for part in rows]
        assert count_blocks(stage, blocks) == BlockCounts(2, 2, 1, 10, 90)


def test_rows_that_are_gone_are_dropped_ones():
    meta = {"rows_in": 9, "rows_used": 5, "dropped": {"a": 4}, "has_timestamps": True, "x": 1}
    rest = describe_rest(meta, BlockCounts(2, 2, 1, 10, 90), {"a": 1, "b": 2, "c": 0})
    assert rest == {
        "rows_in": 9, "rows_used": 2, "dropped": {"a": 5, "b": 2}, "has_timestamps": True, "x": 1,
        "first_timestamp": 10, "last_timestamp": 90,
    }  # fmt: skip
    assert meta["dropped"] == {"a": 4}
    without = describe_rest(meta | {"has_timestamps": False}, BlockCounts(2, 2, 1, 0, 0), {})
    assert without["first_timestamp"] is without["last_timestamp"] is None
