"""The core is that of a naive search, however users are dealt to blocks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfdist.algorithms.cores import (
    UserArticlePairs,
    article_user_counts,
    distinct_pairs,
    keep_articles,
    keep_users,
)


def naive_core(
    pairs: set[tuple[int, int]], min_articles: int, min_users: int
) -> set[tuple[int, int]]:
    """Take out one user or article after the other, until all that are left have enough."""
    pairs = set(pairs)
    while True:
        users, articles = [u for u, _ in pairs], [a for _, a in pairs]
        poor = [p for p in pairs if users.count(p[0]) < min_articles]
        rare = [p for p in pairs if articles.count(p[1]) < min_users]
        out = (poor or rare)[:1]
        if not out:
            return pairs
        side = 0 if poor else 1
        pairs = {p for p in pairs if p[side] != out[0][side]}


def core(
    blocks: list[UserArticlePairs], n_articles: int, min_articles: int, min_users: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """Users of each block and articles that are left when nothing changes any more."""
    articles_in = np.ones(n_articles, dtype=bool)
    while True:
        users_in = [keep_users(block, articles_in, min_articles) for block in blocks]
        counts = sum(
            article_user_counts(block, users, articles_in)
            for block, users in zip(blocks, users_in, strict=True)
        )
        left = keep_articles(counts, min_users)
        if np.array_equal(left, articles_in):
            return users_in, articles_in
        assert not np.any(left & ~articles_in)
        articles_in = left


def deal(pairs: set[tuple[int, int]], bounds: list[int]) -> list[UserArticlePairs]:
    """Blocks of users from bound to bound."""
    blocks = []
    for first, last in pairwise(bounds):
        held = sorted((u - first, a) for u, a in pairs if first <= u < last)
        user, article = np.array(held, dtype=np.int32).reshape(-1, 2).T
        blocks.append(distinct_pairs(user, article, last - first))
    return blocks


@given(
    pairs=st.sets(st.tuples(st.integers(0, 9), st.integers(0, 7)), max_size=60),
    cuts=st.lists(st.integers(0, 10), max_size=4),
    min_articles=st.integers(1, 4),
    min_users=st.integers(1, 4),
)
def test_the_core_is_the_naive_one_in_any_number_of_blocks(
    pairs: set[tuple[int, int]], cuts: list[int], min_articles: int, min_users: int
) -> None:
    bounds = [0, *sorted(cuts), 10]
    users_in, articles_in = core(deal(pairs, bounds), 8, min_articles, min_users)
    users = np.concatenate(users_in)
    wanted = naive_core(pairs, min_articles, min_users)
    assert {(u, a) for u, a in pairs if users[u] and articles_in[a]} == wanted
    assert np.flatnonzero(users).tolist() == sorted({u for u, _ in wanted})
    assert np.flatnonzero(articles_in).tolist() == sorted({a for _, a in wanted})


def test_one_poor_user_can_bring_down_a_chain() -> None:
    """User u has articles u and u + 1, so that only the ends of the chain have too few users."""
    chain = {(u, a) for u in range(5) for a in (u, u + 1)}
    users_in, articles_in = core(deal(chain, [0, 5]), 6, 2, 2)
    assert not users_in[0].any()
    assert not articles_in.any()
    ring = chain | {(5, 5), (5, 0)}
    users_in, articles_in = core(deal(ring, [0, 2, 6]), 6, 2, 2)
    assert all(users.all() for users in users_in)
    assert articles_in.all()


def test_a_pair_counts_once_and_rows_without_user_not() -> None:
    user = np.array([-1, -1, 0, 0, 0, 2], dtype=np.int32)
    article = np.array([1, 1, 0, 0, 3, 3], dtype=np.int32)
    pairs = distinct_pairs(user, article, 3)
    assert pairs.user.tolist() == [0, 0, 2]
    assert pairs.article.tolist() == [0, 3, 3]
    everything = np.ones(4, dtype=bool)
    assert keep_users(pairs, everything, 2).tolist() == [True, False, False]
    counts = article_user_counts(pairs, np.array([True, False, True]), everything)
    assert counts.tolist() == [1, 0, 0, 2]
    assert counts.dtype == np.int64


@pytest.mark.parametrize("n_users", [0, 3])
def test_no_pairs_no_core(n_users: int) -> None:
    nothing = np.empty(0, dtype=np.int32)
    pairs = distinct_pairs(nothing, nothing, n_users)
    users_in, articles_in = core([pairs], 2, 1, 1)
    assert users_in[0].tolist() == [False] * n_users
    assert articles_in.tolist() == [False, False]
