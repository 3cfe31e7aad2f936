"""Leave out users with few articles and articles with few users."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from distributed import Future

from cfdist.algorithms.cores import (
    UserArticlePairs,
    article_user_counts,
    distinct_pairs,
    keep_articles,
    keep_users,
)
from cfdist.algorithms.holding_out import take
from cfdist.algorithms.interactions import InteractionBlock, codes_in, merge_sorted
from cfdist.errors import DataError
from cfdist.stages.block_counts import count_blocks, describe_rest
from cfdist.stages.context import Context, Stage
from cfdist.stages.index import tree_reduce
from cfdist.stages.ingest import Interactions

Array = np.ndarray[Any, Any]


class _Limits(NamedTuple):
    """1: no limit."""

    articles_per_user: int
    users_per_article: int


def select(context: Context, interactions: Interactions) -> Interactions:
    """The core of the interactions: enough articles per user, enough users per article.

    Purchases count (quantity > 0), each article of a user once. What is left out is repeated until
    nothing changes, so the result is the largest that keeps both limits. Rows without a user
    follow their article. Without limits the interactions come back as they are.

    Raises
    ------
    DataError
        Nothing is left.

    Notes
    -----
    A round is one task per block and a tree of sums; what travels is one flag and one count per
    article. Ten rounds are usual where both limits are set.
    """
    settings = context.config.ingest
    limits = _Limits(settings.min_articles_per_user, settings.min_users_per_article)
    if limits == (1, 1):
        return interactions
    with context.stage("select", interactions.key, limits) as stage:
        found = stage.resume(Interactions)
        if found is not None:
            return found
        articles = _all_articles(stage, interactions)
        codes = [
            stage.submit(_article_codes, block, articles, label="codes")
            for block in interactions.blocks
        ]
        pairs = [
            stage.submit(_pairs, *both, label="pairs")
            for both in zip(interactions.blocks, codes, strict=True)
        ]
        flags = _find_core(stage, pairs, articles, limits)
        kept = [
            stage.submit(_keep, *parts, flags, limits.articles_per_user, label="keep")
            for parts in zip(interactions.blocks, codes, pairs, strict=True)
        ]
        blocks = [stage.submit(_block_of, both, part="blocks") for both in kept]
        left_out = [stage.submit(_left_out_of, both, label="count") for both in kept]
        stage.wait(left_out)
        meta = _describe(stage, interactions, blocks, left_out, limits)
        return stage.complete(Interactions, meta, blocks=blocks)


def _all_articles(stage: Stage, interactions: Interactions) -> Future:
    """Sorted ids of the articles of all blocks."""
    ids = [stage.submit(_article_ids, block, label="articles") for block in interactions.blocks]
    return tree_reduce(stage, merge_sorted, ids, label="merge")


def _find_core(stage: Stage, pairs: list[Future], articles: Future, limits: _Limits) -> Future:
    """Future of one flag per article: in the core."""
    flags = stage.submit(_all_in, articles, label="flags")
    n_before = stage.result(stage.submit(_n_in, flags, label="flags"))
    while True:
        counts = [
            stage.submit(_user_counts, block, flags, limits.articles_per_user, label="round")
            for block in pairs
        ]
        total = tree_reduce(stage, np.add, counts, label="sum")
        flags = stage.submit(_still_in, total, flags, limits.users_per_article, label="flags")
        n_left = stage.result(stage.submit(_n_in, flags, label="flags"))
        if n_left == n_before:
            return flags
        n_before = n_left


def _describe(
    stage: Stage,
    interactions: Interactions,
    blocks: list[Future],
    left_out: list[Future],
    limits: _Limits,
) -> dict[str, Any]:
    """The description of the input, with what was left out among the dropped rows."""
    counts = count_blocks(stage, blocks)
    if not counts.n_purchases:
        raise DataError(
            f"no row is left with ingest.min_articles_per_user = {limits.articles_per_user} "
            f"and ingest.min_users_per_article = {limits.users_per_article}",
            remedy="lower one of them",
        )
    of_users, of_articles = np.sum([future.result() for future in left_out], axis=0).tolist()
    reasons = {
        f"user with fewer than {limits.articles_per_user} articles": of_users,
        f"article with fewer than {limits.users_per_article} users": of_articles,
    }
    return describe_rest(interactions.meta, counts, reasons)


def _article_ids(block: InteractionBlock) -> pa.Array:
    return block.article_ids


def _article_codes(block: InteractionBlock, article_ids: pa.Array) -> Array:
    return codes_in(block.article_ids, article_ids)


def _pairs(block: InteractionBlock, codes: Array) -> UserArticlePairs:
    bought = block.quantity > 0
    return distinct_pairs(block.user[bought], codes[block.article[bought]], len(block.user_ids))


def _all_in(article_ids: pa.Array) -> Array:
    return np.ones(len(article_ids), dtype=bool)


def _n_in(flags: Array) -> int:
    return int(np.count_nonzero(flags))


def _users_in(pairs: UserArticlePairs, flags: Array, min_articles: int) -> Array:
    """Without a limit a user stays who only returned things."""
    if min_articles == 1:
        return np.ones(pairs.n_users, dtype=bool)
    return keep_users(pairs, flags, min_articles)


def _user_counts(pairs: UserArticlePairs, flags: Array, min_articles: int) -> Array:
    return article_user_counts(pairs, _users_in(pairs, flags, min_articles), flags)


def _still_in(counts: Array, flags: Array, min_users: int) -> Array:
    """Without a limit an article stays that only guests took."""
    return flags if min_users == 1 else keep_articles(counts, min_users)


def _keep(
    block: InteractionBlock,
    codes: Array,
    pairs: UserArticlePairs,
    flags: Array,
    min_articles: int,
) -> tuple[InteractionBlock, tuple[int, int]]:
    """The block's rows in the core, and the purchases left out for their user and article."""
    users_in = np.append(_users_in(pairs, flags, min_articles), True)  # −1 reads the last
    user_in, article_in = users_in[block.user], flags[codes[block.article]]
    used = (block.user >= 0) & (block.quantity > 0)
    for_user = np.count_nonzero(used & ~user_in)
    for_article = np.count_nonzero(used & user_in & ~article_in)
    return take(block, user_in & article_in), (int(for_user), int(for_article))


def _block_of(kept: tuple[InteractionBlock, tuple[int, int]]) -> InteractionBlock:
    return kept[0]


def _left_out_of(kept: tuple[InteractionBlock, tuple[int, int]]) -> tuple[int, int]:
    return kept[1]
