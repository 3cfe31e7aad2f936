"""How much lies in blocks of interactions, for the descriptions of stages that cut them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from distributed import Future

from cfdist.algorithms.interactions import InteractionBlock
from cfdist.stages.context import Stage


class BlockCounts(NamedTuple):
    """What lies in blocks.

    Attributes
    ----------
    n_purchases : rows with a user and a quantity above 0, which ingest counts as used
    n_users : users with any row
    n_rows_without_user : rows that serve baskets only
    first_us, last_us : oldest and newest timestamp; None without rows
    """

    n_purchases: int
    n_users: int
    n_rows_without_user: int
    first_us: int | None
    last_us: int | None


def count_blocks(stage: Stage, blocks: Sequence[Future]) -> BlockCounts:
    """Counts over all blocks, which have no user in common."""
    futures = [stage.submit(count_block, block, label="count") for block in blocks]
    stage.wait([*blocks, *futures])
    found = [future.result() for future in futures]
    first = [counts.first_us for counts in found if counts.first_us is not None]
    last = [counts.last_us for counts in found if counts.last_us is not None]
    return BlockCounts(
        sum(counts.n_purchases for counts in found),
        sum(counts.n_users for counts in found),
        sum(counts.n_rows_without_user for counts in found),
        min(first, default=None),
        max(last, default=None),
    )


def describe_rest(
    meta: Mapping[str, Any], counts: BlockCounts, left_out: Mapping[str, int]
) -> dict[str, Any]:
    """The description of interactions of which only these blocks are left.

    Parameters
    ----------
    meta : mapping
        Of the interactions before.
    left_out : mapping of str to int
        Used rows that are gone, by reason; they are counted as dropped.
    """
    dropped = dict(meta["dropped"])
    for reason, number in left_out.items():
        if number:
            dropped[reason] = dropped.get(reason, 0) + number
    has_times = meta["has_timestamps"]
    return {
        **meta,
        "rows_used": counts.n_purchases,
        "dropped": dropped,
        "first_timestamp": counts.first_us if has_times else None,
        "last_timestamp": counts.last_us if has_times else None,
    }


def count_block(block: InteractionBlock) -> BlockCounts:
    """Counts of one block."""
    known = block.user >= 0
    some = len(block.timestamp) > 0
    return BlockCounts(
        int(np.count_nonzero(known & (block.quantity > 0))),
        len(block.user_ids),
        int(np.count_nonzero(~known)),
        int(block.timestamp.min()) if some else None,
        int(block.timestamp.max()) if some else None,
    )
