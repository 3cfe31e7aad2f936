"""When each user last bought each article, and how often: what *buy again* needs of the rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from distributed import Future

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.interactions import DAY_US, InteractionBlock, codes_in
from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.purchases import NO_TIME, last_purchases
from cfdist.algorithms.weighting import user_item_weights
from cfdist.backends import Backend
from cfdist.config import Config
from cfdist.schema import HISTORY
from cfdist.stages.context import Artifact, Context
from cfdist.stages.index import Index
from cfdist.stages.ingest import Interactions
from cfdist.stages.matrix import UserItemMatrix

DEFAULT_HALF_LIFE_DAYS = 90.0

Array = np.ndarray[Any, Any]


class Purchases(Artifact):
    """Purchases of every pair of the matrix.

    ``meta``: as_of_us, the moment that ages count from; 0 without timestamps.
    Parts ``blocks``: per block of users a dict of arrays ``(nnz,)`` in the order of the matrix:
    ``n_bought`` int64, purchases less returns, and ``last_us`` int64, ``NO_TIME`` for none; on the
    device.
    """

    @property
    def blocks(self) -> Sequence[Future]:
        """One dict per run of users."""
        return self.parts["blocks"]

    @property
    def as_of_us(self) -> int:
        """Microseconds since 1970."""
        return int(self.meta["as_of_us"])


def purchases(
    context: Context, interactions: Interactions, index: Index, matrix: UserItemMatrix
) -> Purchases:
    """Purchases per pair, aligned with the matrix; runs while the rows are there.

    Notes
    -----
    Returns count here whatever ``ingest.returns`` says: what was returned is not bought again.
    """
    rows = interactions.meta
    has_times = bool(rows["has_timestamps"])
    as_of_us = (rows.get("as_of_us") or rows["last_timestamp"]) if has_times else 0
    with context.stage("purchases", matrix.key, as_of_us, has_times) as stage:
        found = stage.resume(Purchases)
        if found is not None:
            return found
        blocks = [
            stage.compute(_of_block, block, weights, index.article_ids, has_times, part="blocks")
            for block, weights in zip(interactions.blocks, matrix.blocks, strict=True)
        ]
        stage.wait(blocks)
        return stage.complete(Purchases, {"as_of_us": int(as_of_us)}, blocks=blocks)


def needs_purchases(config: Config) -> bool:
    """Whether the settings ask for anything that is made of purchases."""
    settings = config.recommend
    return settings.n_buy_again > 0 or str(settings.method) == HISTORY


def half_life_us(config: Config) -> float:
    """A purchase so many microseconds old counts half; 90 days unless set for the matrix."""
    return (config.matrix.half_life_days or DEFAULT_HALF_LIFE_DAYS) * DAY_US


def _of_block(
    backend: Backend,
    block: InteractionBlock,
    weights: CsrBlock,
    article_ids: pa.Array,
    has_times: bool,
) -> dict[str, Array]:
    xp = namespace_of(weights.indices)
    codes = backend.to_device(codes_in(block.article_ids, article_ids))
    counts = user_item_weights(block, codes, weights.shape[1], "count", "net")
    assert bool(xp.array_equal(counts.indices, weights.indices)), "the matrix is of other rows"
    last = last_purchases(block) if has_times else xp.full(weights.nnz, NO_TIME, np.int64)
    return {"n_bought": counts.data.astype(np.int64), "last_us": last}
