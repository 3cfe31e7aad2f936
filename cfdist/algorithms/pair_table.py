"""The columns of the pair table: what is bought together, filled up, and what is similar."""

from typing import Any

import numpy as np

from cfdist.algorithms.exact_neighbors import cosines_of_pairs
from cfdist.algorithms.pairs import PairCounts, confidence, lift
from cfdist.schema import BOUGHT_TOGETHER, RELATIONS, SIMILAR

Array = np.ndarray[Any, Any]


def pair_columns(
    shard: range, counted: PairCounts, n_in_baskets: Array, n_baskets: int,
    similar: dict[str, Array], units: Array,
) -> dict[str, Array]:  # fmt: skip
    """Columns of the pair table for a run of articles, in indexes.

    Parameters
    ----------
    shard : range
        The articles.
    counted : PairCounts
        Of these articles; asked were the counts of the similar ones.
    n_in_baskets : int64 ``(n_articles,)``
        Baskets of each article.
    n_baskets : int
    similar : dict
        ``ids`` int64 and ``scores`` float32 ``(n_articles, k)`` of all articles.
    units : float32 ``(n_articles, n_components)``
        Unit rows, for the cosines of partners.

    Returns
    -------
    dict of arrays ``(n_pairs,)``
        article, other, relation and source (places in ``RELATIONS``), rank from 1, similarity,
        pair_count, confidence, lift, score; sorted by article, relation, rank.
    """
    similar_ids = similar["ids"][shard.start : shard.stop]
    similar_scores = similar["scores"][shard.start : shard.stop]
    relations = [
        _together(shard, counted.partners, counted.counts, units),
        _filled(counted.partners, similar_ids, similar_scores, counted.asked_counts, shard),
        _ranked(shard, similar_ids, similar_scores, counted.asked_counts, SIMILAR, SIMILAR, None),
    ]
    columns = {name: np.concatenate([part[name] for part in relations]) for name in relations[0]}
    first, second = columns["article"], columns["other"]
    counts = columns["pair_count"]
    columns["confidence"] = confidence(counts, n_in_baskets[first]).astype(np.float32)
    columns["lift"] = lift(counts, n_in_baskets[first], n_in_baskets[second], n_baskets).astype(
        np.float32
    )
    together = columns["relation"] == RELATIONS.index(BOUGHT_TOGETHER)
    counted_rows = together & (columns["source"] == RELATIONS.index(BOUGHT_TOGETHER))
    columns["score"] = np.where(counted_rows, columns["confidence"], columns["similarity"])
    order = np.lexsort((columns["rank"], columns["relation"], columns["article"]))
    return {name: column[order] for name, column in columns.items()}


def _together(shard: range, partners: Array, counts: Array, units: Array) -> dict[str, Array]:
    """Rows of partners that share enough baskets."""
    cosines = np.zeros(partners.shape, dtype=np.float32)
    row, place = np.nonzero(partners >= 0)
    cosines[row, place] = cosines_of_pairs(units, row + shard.start, partners[row, place])
    return _ranked(shard, partners, cosines, counts, BOUGHT_TOGETHER, BOUGHT_TOGETHER, None)


def _filled(
    partners: Array, similar_ids: Array, similar_scores: Array, counts: Array, shard: range
) -> dict[str, Array]:
    """Rows that fill short lists of partners from the similar articles, labelled so."""
    listed = np.zeros(similar_ids.shape, dtype=bool)
    for place in range(partners.shape[1]):  # one column at a time: rows × k bytes, not rows × k²
        listed |= similar_ids == partners[:, place, None]
    usable = (similar_ids >= 0) & ~listed & (similar_scores > 0)
    filled = np.count_nonzero(partners >= 0, axis=1)
    rank = filled[:, None] + np.cumsum(usable, axis=1)
    ids = np.where(usable & (rank <= partners.shape[1]), similar_ids, -1)
    return _ranked(shard, ids, similar_scores, counts, BOUGHT_TOGETHER, SIMILAR, rank)


def _ranked(
    shard: range, ids: Array, cosines: Array, counts: Array,
    relation: str, source: str, rank: Array | None,
) -> dict[str, Array]:  # fmt: skip
    """Columns for every id ≥ 0; ``rank`` counts places unless it is given."""
    row, place = np.nonzero(ids >= 0)
    return {
        "article": row + shard.start,
        "other": ids[row, place],
        "relation": np.full(len(row), RELATIONS.index(relation), dtype=np.int8),
        "source": np.full(len(row), RELATIONS.index(source), dtype=np.int8),
        "rank": place + 1 if rank is None else rank[row, place],
        "similarity": cosines[row, place],
        "pair_count": counts[row, place],
    }
