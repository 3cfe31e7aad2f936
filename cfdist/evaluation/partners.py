"""What the pairs are worth: how often a later basket holds a partner of one of its articles."""

from typing import Any

import numpy as np
import pyarrow as pa

from cfdist.algorithms.interactions import InteractionBlock
from cfdist.evaluation.folds import Fold
from cfdist.evaluation.intervals import estimate
from cfdist.evaluation.metrics.pairs import pair_hit_rate
from cfdist.evaluation.ranks import ranks_of
from cfdist.evaluation.truth import later_baskets
from cfdist.schema import RELATIONS
from cfdist.stages.context import Context
from cfdist.stages.pairs import pairs

Array = np.ndarray[Any, Any]


def measure_partners(context: Context, fold: Fold) -> dict[str, Any]:
    """hit@k of each relation over the baskets of the held-out rows, with intervals over baskets.

    Returns
    -------
    dict
        ``"bought_together hit@10"`` and so on → estimate; ``n_baskets``. Empty where baskets are
        torn by the split, or nobody bought two known articles together.
    """
    n = context.config.neighbors.n_similar_items
    ks = tuple(k for k in ranks_of(context.config.evaluation) if k <= n)
    if fold.window is None or not ks:
        return {}
    found = pairs(fold.base)
    limit = context.config.ingest.max_basket_articles
    with context.stage("partners", found.key, fold.key, ks) as stage:
        tables = stage.submit(_partners, fold.base.index.n_articles, n, *found.shards, label="join")
        blocks = [
            stage.submit(
                _hits, test, fold.base.index.article_ids, limit, tables, ks, label="baskets"
            )
            for test in fold.held_out.blocks
        ]
        stage.wait([tables, *blocks])
        hits = np.concatenate([future.result() for future in blocks], axis=1)
    n_baskets = int(np.count_nonzero(~np.isnan(hits[0, :, 0])))
    if not n_baskets:
        return {}
    figures: dict[str, Any] = {
        f"{relation} hit@{k}": estimate(hits[number, :, place])._asdict()
        for number, relation in enumerate(RELATIONS)
        for place, k in enumerate(ks)
    }
    return figures | {"n_baskets": n_baskets}


def _partners(n_articles: int, n: int, *shards: dict[str, Array]) -> Array:
    """Partners by relation, int64 ``(2, n_articles, n)``; −1: none."""
    table = np.full((len(RELATIONS), n_articles, n), -1, dtype=np.int64)
    for columns in shards:
        table[columns["relation"], columns["article"], columns["rank"] - 1] = columns["other"]
    return table


def _hits(
    test: InteractionBlock, article_ids: pa.Array, limit: int, tables: Array, ks: tuple[int, ...]
) -> Array:
    """float64 ``(2, n_baskets, len(ks))``; nan for baskets of fewer than two known articles."""
    baskets = later_baskets(test, article_ids, limit)
    return np.stack([pair_hit_rate(partners, baskets, ks) for partners in tables])
