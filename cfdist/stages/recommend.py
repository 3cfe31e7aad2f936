"""Lists of N articles for every user, and partners for every article."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms.csr import CsrBlock, take_rows
from cfdist.algorithms.exact_neighbors import article_units
from cfdist.algorithms.pair_table import pair_columns
from cfdist.algorithms.pairs import transpose
from cfdist.algorithms.profiles import Profiles
from cfdist.algorithms.scoring import (
    Lists,
    fill_latent,
    fill_ranked,
    fill_through,
    rank_popular,
    rows_of_lists,
)
from cfdist.schema import ITEM_NEIGHBORS, LATENT, POPULAR, RECOMMENDERS, USER_NEIGHBORS
from cfdist.stages.context import Artifact, Context, Stage
from cfdist.stages.factorize import Factors
from cfdist.stages.index import Index
from cfdist.stages.matrix import UserItemMatrix
from cfdist.stages.neighbors import Neighbors

ARTICLES_PER_SHARD = 1024
MAX_SHARDS = 64

FALLBACKS: dict[str, tuple[str, ...]] = {
    USER_NEIGHBORS: (USER_NEIGHBORS, ITEM_NEIGHBORS, POPULAR),
    ITEM_NEIGHBORS: (ITEM_NEIGHBORS, POPULAR),
    LATENT: (LATENT, POPULAR),
    POPULAR: (POPULAR,),
}
"""Who fills a list, in order, until it has N entries."""

Array = np.ndarray[Any, Any]


class Recommendations(Artifact):
    """Lists in indexes.

    ``meta``: method, n_recommendations, n_by_source, n_short_lists, n_pairs.
    Parts ``lists``: per block of users a dict of ``articles``, ``scores``, ``sources``
    ``(n_distinct, n)`` and ``row_of_user`` ``(n_users of the block,)``; ``pairs``: per run of
    articles a dict of columns.
    """

    @property
    def lists(self) -> Sequence[Future]:
        """Per block of users."""
        return self.parts["lists"]

    @property
    def pairs(self) -> Sequence[Future]:
        """Per run of articles."""
        return self.parts["pairs"]


def recommend(
    context: Context, index: Index, matrix: UserItemMatrix, factors: Factors, neighbors: Neighbors
) -> Recommendations:
    """Ranked lists that hold no owned article, each filled to N from the next source.

    Notes
    -----
    The histories and the lists of neighbours are replicated. Users of a block who share a
    history are scored once.
    """
    settings = context.config.recommend
    n = min(settings.n_recommendations, index.n_articles)
    depends = (neighbors.key, settings.model_dump())
    with context.stage("recommend", *depends) as stage:
        found = stage.resume(Recommendations)
        if found is not None:
            return found
        n_similar_users = context.config.neighbors.n_similar_users
        item_table = stage.submit(_item_table, neighbors.articles, label="table")
        ranking = stage.submit(rank_popular, matrix.articles, index.n_users, label="popular")
        lists = [
            stage.submit(
                _lists, block, factors.user_factors[number], index.first_users[number],
                neighbors.profiles, neighbors.users, neighbors.profile_matrix, item_table,
                factors.item_factors, ranking, FALLBACKS[settings.method], n_similar_users, n,
                part="lists",
            )
            for number, block in enumerate(matrix.blocks)
        ]  # fmt: skip
        summaries = [stage.submit(_summary, block, label="count") for block in lists]
        pairs = _pair_tables(stage, context, index, matrix, factors, neighbors)
        pair_sizes = [stage.submit(_n_pairs, shard, label="count") for shard in pairs]
        stage.wait([*lists, *summaries, *pairs, *pair_sizes])
        by_source = np.sum([future.result()[0] for future in summaries], axis=0)
        meta = {
            "method": settings.method,
            "n_recommendations": n,
            "n_by_source": dict(zip(RECOMMENDERS, by_source.tolist(), strict=True)),
            "n_short_lists": int(sum(future.result()[1] for future in summaries)),
            "n_pairs": int(sum(future.result() for future in pair_sizes)),
        }
        return stage.complete(Recommendations, meta, lists=lists, pairs=pairs)


def _pair_tables(
    stage: Stage, context: Context, index: Index, matrix: UserItemMatrix,
    factors: Factors, neighbors: Neighbors,
) -> list[Future]:  # fmt: skip
    by_article = stage.submit(transpose, matrix.baskets, label="transpose")
    units = stage.submit(
        article_units, factors.item_factors, factors.singular_values, label="units"
    )
    return [
        stage.submit(
            pair_columns, shard, by_article, matrix.baskets, neighbors.articles, units,
            context.config.neighbors.n_similar_items, context.config.recommend.min_pair_count,
            part="pairs",
        )
        for shard in article_shards(index.n_articles)
    ]  # fmt: skip


def article_shards(n_articles: int) -> list[range]:
    """Runs of articles, a function of their number alone."""
    n_shards = min(MAX_SHARDS, -(-n_articles // ARTICLES_PER_SHARD))
    bounds = [n_articles * shard // n_shards for shard in range(n_shards + 1)]
    return [range(a, b) for a, b in pairwise(bounds)]


def _lists(
    block: CsrBlock, user_factors: Array, first_user: int, profiles: Profiles,
    user_neighbors: dict[str, Array], histories: CsrBlock, item_table: CsrBlock,
    item_factors: Array, ranking: dict[str, Array], sources: Sequence[str],
    n_similar_users: int, n: int,
) -> dict[str, Array]:  # fmt: skip
    """Lists of a block's distinct profiles."""
    of_user = profiles.of_user[first_user : first_user + block.shape[0]]
    distinct, rows, row_of_user = np.unique(of_user, return_index=True, return_inverse=True)
    owned = take_rows(block, rows)
    lists = Lists.empty(len(distinct), n)
    for source in sources:
        number = RECOMMENDERS.index(source)
        if source == USER_NEIGHBORS:
            weights = _neighbor_weights(distinct, profiles, user_neighbors, n_similar_users)
            fill_through(lists, weights, histories, owned, number)
        elif source == ITEM_NEIGHBORS:
            fill_through(lists, owned, item_table, owned, number)
        elif source == LATENT:
            fill_latent(lists, user_factors[rows], item_factors, owned, number)
        else:
            fill_ranked(lists, ranking["articles"], ranking["scores"], owned, number)
    return lists._asdict() | {"row_of_user": row_of_user.astype(np.int32)}


def _neighbor_weights(
    distinct: Array, profiles: Profiles, found: dict[str, Array], n_similar_users: int
) -> CsrBlock:
    """Similarity × min(users who share the profile, n_similar_users), per neighbour."""
    ids, scores = found["ids"][distinct], found["scores"][distinct]
    shared = np.minimum(profiles.n_users[np.maximum(ids, 0)], n_similar_users)
    return rows_of_lists(ids, scores * shared, len(profiles.owner))


def _item_table(found: dict[str, Array]) -> CsrBlock:
    """Articles × similar articles, cosines."""
    return rows_of_lists(found["ids"], found["scores"], len(found["ids"]))


def _summary(lists: dict[str, Array]) -> tuple[Array, int]:
    """Entries by source, and lists with fewer than N entries, over users."""
    sources = lists["sources"][lists["row_of_user"]]
    counts = np.bincount(sources[sources >= 0].astype(np.int64), minlength=len(RECOMMENDERS))
    return counts, int(np.count_nonzero((sources < 0).any(axis=1)))


def _n_pairs(columns: dict[str, Array]) -> int:
    return len(columns["article"])
