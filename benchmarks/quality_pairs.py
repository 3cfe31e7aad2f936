"""Pairs of articles on later baskets: the product's relations against lift, on the same baskets."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cfdist.algorithms.csr import stack
from cfdist.evaluation.folds import Fold
from cfdist.evaluation.intervals import estimate, paired
from cfdist.evaluation.metrics.pairs import pair_hit_rate
from cfdist.evaluation.truth import later_baskets
from cfdist.schema import RELATIONS
from cfdist.stages.context import Context
from cfdist.stages.pairs import pairs

K = 10
LEAST_COUNT = 3


def measure_pairs(context: Context, fold: Fold) -> dict[str, Any]:
    """hit@10 of every table of partners, and the difference of the product's first relation.

    Returns
    -------
    dict
        ``n_baskets``; ``figures`` and ``ahead``: name → Estimate over baskets.
    """
    client = context.client
    matrix = fold.base.matrix
    limit = context.config.ingest.max_basket_articles
    article_ids = fold.base.index.article_ids.result()
    held_out = client.gather(list(fold.held_out.blocks))
    later = stack([later_baskets(block, article_ids, limit) for block in held_out])
    tables = _product_tables(client.gather(list(pairs(fold.base).shards)), matrix.shape[1])
    baskets = matrix.baskets.result().to_scipy()
    tables["lift"] = lift_partners(baskets, K, least_count=1)
    tables[f"lift, in {LEAST_COUNT} baskets at least"] = lift_partners(
        baskets, K, least_count=LEAST_COUNT
    )
    hits = {name: pair_hit_rate(table, later, (K,))[:, 0] for name, table in tables.items()}
    first = hits[RELATIONS[0]]
    return {
        "n_baskets": int(np.count_nonzero(~np.isnan(first))),
        "figures": {name: estimate(values) for name, values in hits.items()},
        "ahead": {
            name: paired(first, values) for name, values in hits.items() if values is not first
        },
    }


def lift_partners(baskets: sp.csr_matrix, n: int, *, least_count: int) -> NDArray[np.int64]:
    """The ``n`` articles with the highest lift of every article, int64; −1: none.

    Parameters
    ----------
    baskets : sparse ``(n_baskets, n_articles)``, weights ignored
    least_count : baskets that two articles must share

    Notes
    -----
    lift = n_ab · n_baskets / (n_a · n_b): within a row the order of n_ab / n_b. Equal lifts are
    ordered by the count, then by index.
    """
    ones = sp.csr_matrix(
        (np.ones(baskets.nnz, np.int64), baskets.indices, baskets.indptr), baskets.shape
    )
    together = (ones.T @ ones).tocoo()
    n_baskets = np.asarray(ones.sum(axis=0)).ravel()
    kept = (together.row != together.col) & (together.data >= least_count)
    a, b, count = together.row[kept], together.col[kept], together.data[kept]
    order = np.lexsort((b, -count, -count / n_baskets[b], a))
    a, b = a[order], b[order]
    place = np.arange(len(a)) - np.searchsorted(a, a)
    partners = np.full((ones.shape[1], n), -1, dtype=np.int64)
    first = place < n
    partners[a[first], place[first]] = b[first]
    return partners


def _product_tables(
    shards: list[dict[str, NDArray[Any]]], n_articles: int
) -> dict[str, NDArray[np.int64]]:
    """Partners of both relations of the product."""
    tables = np.full((len(RELATIONS), n_articles, K), -1, dtype=np.int64)
    for columns in shards:
        shown = columns["rank"] <= K
        relation, article, rank, other = (
            columns[name][shown] for name in ("relation", "article", "rank", "other")
        )
        tables[relation, article, rank.astype(np.int64) - 1] = other
    return dict(zip(RELATIONS, tables, strict=True))
