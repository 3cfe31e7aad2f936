"""What is held out, against plain Python over the same rows."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interaction_rows import (
    NUMBERS,
    TEXTS,
    Kind,
    assert_same_block,
    block_from,
    rows_of_a_block,
)
from reference import Row

from cfdist.algorithms.holding_out import Masks, by_date, last_k, random_share, take
from cfdist.algorithms.interactions import DAY_US, InteractionBlock

days = st.integers(-3, 3).map(lambda half_days: half_days * DAY_US // 2)
rules = st.one_of(
    st.tuples(st.just(by_date), st.tuples(days, days)),
    st.tuples(st.just(last_k), st.tuples(st.integers(1, 3))),
    st.tuples(
        st.just(random_share), st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.integers(0, 9))
    ),
)


def without_gaps(block: InteractionBlock) -> InteractionBlock:
    """Codes of baskets may have gaps; which rows share one is what counts."""
    baskets = np.unique(block.basket, return_inverse=True)[1].astype(np.int32)
    return block._replace(basket=baskets)


def rows_of(block: InteractionBlock, mask: np.ndarray) -> list[tuple]:
    """Sorted (user, article, quantity, timestamp) of the marked rows."""
    users = [*block.user_ids.to_pylist(), None]
    articles = block.article_ids.to_pylist()
    columns = (block.user, block.article, block.quantity.tolist(), block.timestamp.tolist())
    found = zip(*(np.array(column, dtype=object)[mask] for column in columns), strict=True)
    return sorted(((users[u], articles[a], q, t) for u, a, q, t in found), key=repr)


def plain(rows: list[Row]) -> list[tuple]:
    return sorted(((r.user, r.article, r.quantity, r.timestamp) for r in rows), key=repr)


def first_purchases(rows: list[Row]) -> dict:
    """user → {article: time of the first purchase}."""
    found: dict = defaultdict(dict)
    for row in sorted(rows, key=lambda row: row.timestamp):
        if row.user is not None and row.quantity > 0:
            found[row.user].setdefault(row.article, row.timestamp)
    return found


# taking rows


@given(given_rows=rows_of_a_block(), has_baskets=st.booleans(), data=st.data())
def test_taken_rows_are_the_block_of_those_rows(
    given_rows: tuple[list[Row], Kind], has_baskets: bool, data: st.DataObject
) -> None:
    rows, kind = given_rows
    rows = sorted(set(rows), key=repr)
    block = block_from(rows, kind, has_baskets=has_baskets)
    kept_rows = [row for row in rows if data.draw(st.booleans())]
    kept = {(r.user, r.article, r.quantity, r.timestamp) for r in kept_rows}
    users = [*block.user_ids.to_pylist(), None]
    articles = block.article_ids.to_pylist()
    mask = np.array(
        [
            (users[u], articles[a], q, t) in kept
            for u, a, q, t in zip(
                block.user, block.article, block.quantity, block.timestamp, strict=True
            )
        ],
        dtype=bool,
    )
    same = [r for r in rows if (r.user, r.article, r.quantity, r.timestamp) in kept]
    wanted = without_gaps(block_from(same, kind, has_baskets=has_baskets))
    assert_same_block(take(block, mask), wanted)


@given(given_rows=rows_of_a_block())
def test_all_rows_and_no_rows(given_rows: tuple[list[Row], Kind]) -> None:
    rows, kind = given_rows
    block = block_from(rows, kind)
    everything = np.ones(len(rows), dtype=bool)
    assert_same_block(take(block, everything), without_gaps(block))
    assert_same_block(take(block, ~everything), block_from([], kind))


# rules


@given(given_rows=rows_of_a_block(), rule=rules)
def test_no_row_is_both_and_only_purchases_are_held_out(
    given_rows: tuple[list[Row], Kind], rule: tuple
) -> None:
    rows, kind = given_rows
    block = block_from(rows, kind)
    masks = rule[0](block, *rule[1])
    assert not (masks.train & masks.test).any()
    assert (block.quantity[masks.test] > 0).all()
    neither = ~masks.train & ~masks.test
    if rule[0] is not by_date:
        assert (block.quantity[neither] <= 0).all()
        assert masks.train[block.user < 0].all()


@given(given_rows=rows_of_a_block(), rule=rules, data=st.data())
def test_the_order_of_the_rows_does_not_matter(
    given_rows: tuple[list[Row], Kind], rule: tuple, data: st.DataObject
) -> None:
    rows, kind = given_rows
    block = block_from(rows, kind)
    shuffled = block_from(data.draw(st.permutations(rows)), kind)
    for one, other in zip(rule[0](block, *rule[1]), rule[0](shuffled, *rule[1]), strict=True):
        assert_same_block(take(block, one), take(shuffled, other))


@given(given_rows=rows_of_a_block(), rule=rules)
def test_other_users_change_nothing(given_rows: tuple[list[Row], Kind], rule: tuple) -> None:
    rows, kind = given_rows
    block = block_from(rows, kind)
    masks = rule[0](block, *rule[1])
    for user in block.user_ids.to_pylist():
        alone = block_from([row for row in rows if row.user == user], kind)
        of_user = block.user == block.user_ids.to_pylist().index(user)
        for one, other in zip(masks, rule[0](alone, *rule[1]), strict=True):
            assert rows_of(block, one & of_user) == rows_of(alone, other)


@given(given_rows=rows_of_a_block(), first=days, length=st.integers(0, 4))
def test_a_date_cuts_in_three(given_rows: tuple[list[Row], Kind], first: int, length: int) -> None:
    rows, kind = given_rows
    until = first + length * DAY_US // 2
    block = block_from(rows, kind)
    masks = by_date(block, first, until)
    assert rows_of(block, masks.train) == plain([r for r in rows if r.timestamp < first])
    window = [r for r in rows if first <= r.timestamp < until and r.quantity > 0]
    assert rows_of(block, masks.test) == plain(window)
    if masks.train.any() and masks.test.any():
        assert block.timestamp[masks.train].max() < block.timestamp[masks.test].min()


@given(given_rows=rows_of_a_block(), k=st.integers(1, 3))
def test_last_k_of_the_first_purchases(given_rows: tuple[list[Row], Kind], k: int) -> None:
    rows, kind = given_rows
    block = block_from(rows, kind)
    place = {article: i for i, article in enumerate(block.article_ids.to_pylist())}
    held = set()
    for user, times in first_purchases(rows).items():
        ranked = sorted(times, key=lambda article: (-times[article], place[article]))
        held |= {(user, article) for article in ranked[: min(k, len(ranked) - 1)]}
    times = first_purchases(rows)
    masks = last_k(block, k)
    of_held = [r for r in rows if (r.user, r.article) in held]
    assert rows_of(block, masks.test) == plain([r for r in of_held if r.quantity > 0])
    later = [r for r in of_held if r.timestamp >= times[r.user][r.article]]
    assert rows_of(block, ~masks.train) == plain(later)


@given(given_rows=rows_of_a_block(), share=st.sampled_from([0.01, 0.2, 0.5, 0.99]))
def test_a_random_share_of_each_users_articles(
    given_rows: tuple[list[Row], Kind], share: float
) -> None:
    rows, kind = given_rows
    block = block_from(rows, kind)
    masks = random_share(block, share, 0)
    tested: dict = defaultdict(set)
    for user, article, _, _ in rows_of(block, masks.test):
        tested[user].add(article)
    for user, times in first_purchases(rows).items():
        wanted = max(int(share * len(times) + 0.5), 1)
        assert len(tested[user]) == min(wanted, len(times) - 1)
    seen = {(user, article) for user, article, _, _ in rows_of(block, masks.train)}
    assert not seen & {(user, article) for user in tested for article in tested[user]}


def many(n_users: int = 400, n_articles: int = 10) -> InteractionBlock:
    return block_from(
        [Row(u, a, None, 1.0, 0) for u in range(n_users) for a in range(n_articles)], NUMBERS
    )


def test_a_random_share_is_even_and_follows_the_seed():
    block = many()
    chosen = [random_share(block, 0.3, seed).test for seed in (0, 0, 1)]
    assert np.array_equal(chosen[0], chosen[1])
    assert np.mean(chosen[0] & chosen[2]) == pytest.approx(0.09, abs=0.02)
    per_article = np.bincount(block.article[chosen[0]], minlength=10)
    assert per_article == pytest.approx(np.full(10, 120), abs=40)


def test_a_later_return_does_not_take_a_purchase_away():
    rows = [Row("u1", "a", None, 1.0, 0), Row("u1", "a", None, -1.0, 5 * DAY_US)]
    block = block_from(rows, TEXTS)
    masks = by_date(block, DAY_US, 9 * DAY_US)
    assert rows_of(block, masks.train) == plain(rows[:1])
    assert not masks.test.any()


def test_rows_without_a_user_follow_the_date_only():
    rows = [Row(None, "a", "1", 1.0, 0), Row(None, "a", "2", 1.0, 2 * DAY_US)]
    block = block_from(rows, TEXTS)
    assert rows_of(block, by_date(block, DAY_US, 9 * DAY_US).test) == plain(rows[1:])
    for masks in (last_k(block, 1), random_share(block, 0.9, 0)):
        assert masks.train.all()


def test_a_user_keeps_one_article():
    one = block_from([Row("u1", "a", None, 1.0, 0), Row("u1", "a", None, 1.0, 9)], TEXTS)
    for masks in (last_k(one, 3), random_share(one, 0.9, 0)):
        assert masks.train.all()


def test_an_empty_block():
    block = block_from([], NUMBERS)
    for masks in (by_date(block, 0, 1), last_k(block, 1), random_share(block, 0.5, 0)):
        assert isinstance(masks, Masks)
        assert len(masks.train) == len(masks.test) == 0
        assert take(block, masks.train).user_ids.type == pa.int64()
