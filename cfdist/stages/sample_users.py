"""Whole histories of some users, out of interactions that are in memory already."""

from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms.hashing import SAMPLE_SEED, hash_ids
from cfdist.algorithms.holding_out import take
from cfdist.algorithms.interactions import InteractionBlock, join_blocks
from cfdist.algorithms.partitioning import n_blocks
from cfdist.algorithms.sampling import WHOLE_RANGE
from cfdist.input.check import NOT_SAMPLED
from cfdist.stages.context import Context, Stage
from cfdist.stages.ingest import Interactions


def sample_users(context: Context, interactions: Interactions, max_users: int) -> Interactions:
    """The users with the lowest sampling hashes, ``max_users`` of them; all where there are fewer.

    Rows without a user are left out of a sample. The sample does not depend on the blocks.
    """
    with context.stage("sample", interactions.key, max_users) as stage:
        found = stage.resume(Interactions)
        if found is not None:
            return found
        threshold = _threshold(stage, interactions, max_users)
        if threshold >= WHOLE_RANGE:
            return interactions
        sampled = [
            stage.submit(_sampled, block, threshold, label="take") for block in interactions.blocks
        ]
        sizes = [stage.submit(_n_purchases, block, label="count") for block in sampled]
        stage.wait([*sampled, *sizes])
        rows = sum(future.result() for future in sizes)
        blocks = _merge(stage, sampled, min(n_blocks(rows), len(sampled)))
        left_out = interactions.meta["rows_used"] - rows
        dropped = dict(interactions.meta["dropped"])
        dropped[NOT_SAMPLED] = dropped.get(NOT_SAMPLED, 0) + left_out
        meta = {**interactions.meta, "rows_used": rows, "dropped": dropped}
        return stage.complete(Interactions, meta, blocks=blocks)


def _threshold(stage: Stage, interactions: Interactions, max_users: int) -> int:
    """Hash of the first user who is not in the sample; 2⁶⁴ where all are."""
    parts: list[Future] = [
        stage.submit(_lowest, block, max_users + 1, label="hash") for block in interactions.blocks
    ]
    stage.wait(parts)
    hashes = np.sort(np.concatenate([future.result() for future in parts]))
    return WHOLE_RANGE if len(hashes) <= max_users else int(hashes[max_users])


def _merge(stage: Stage, blocks: list[Future], enough: int) -> list[Future]:
    """Fewer blocks, as tasks cost more than the rows of small ones; still equal runs of buckets."""
    n_merged = next(n for n in range(enough, len(blocks) + 1) if len(blocks) % n == 0)
    size = len(blocks) // n_merged
    merged = [
        stage.submit(_joined, *blocks[first : first + size], part="blocks")
        for first in range(0, len(blocks), size)
    ]
    stage.wait(merged)
    return merged


def _joined(*blocks: InteractionBlock) -> InteractionBlock:
    return join_blocks(blocks)


def _lowest(block: InteractionBlock, n: int) -> np.ndarray[Any, Any]:
    hashes = np.sort(hash_ids(block.user_ids, SAMPLE_SEED))
    return hashes[:n]


def _sampled(block: InteractionBlock, threshold: int) -> InteractionBlock:
    chosen = hash_ids(block.user_ids, SAMPLE_SEED) < np.uint64(threshold)
    known = block.user >= 0
    return take(block, known & np.append(chosen, False)[block.user])


def _n_purchases(block: InteractionBlock) -> int:
    return int(np.count_nonzero(block.quantity > 0))
