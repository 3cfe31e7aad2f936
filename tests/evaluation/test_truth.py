"""Held-out articles against sets in plain Python."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interaction_rows import TEXTS, UNLIMITED, Kind, block_from, rows_of_a_block
from reference import Row, baskets_of_rows

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted
from cfdist.algorithms.holding_out import by_date, take
from cfdist.algorithms.interactions import DAY_US, InteractionBlock, codes_in, sort_block
from cfdist.algorithms.weighting import user_item_weights
from cfdist.evaluation.truth import (
    Judged,
    Truth,
    add_counts,
    ceiling,
    later_baskets,
    truth_of,
)

NOON = DAY_US // 2


def train_and_test(rows: list[Row], kind: Kind) -> tuple[InteractionBlock, InteractionBlock]:
    block = block_from(rows, kind)
    masks = by_date(block, 0, 9 * DAY_US)
    return take(block, masks.train), take(block, masks.test)


def matched(rows: list[Row], kind: Kind) -> Truth:
    train, test = train_and_test(rows, kind)
    codes = codes_in(train.article_ids, train.article_ids)
    owned = user_item_weights(train, codes, len(train.article_ids), "count", "drop")
    return truth_of(test, train.user_ids, train.article_ids, owned)


def sets_of(block: CsrBlock, rows: list[Row], kind: Kind) -> dict:
    train, _ = train_and_test(rows, kind)
    users, articles = train.user_ids.to_pylist(), train.article_ids.to_pylist()
    assert block.shape == (len(users), len(articles))
    assert (block.data == 1).all()
    return {
        user: {articles[a] for a in block.indices[first:last]}
        for user, first, last in zip(users, block.indptr, block.indptr[1:], strict=False)
        if last > first
    }


def taken(rows: list[Row]) -> dict:
    found = defaultdict(set)
    for row in rows:
        if row.user is not None:
            found[row.user].add(row.article)
    return found


@settings(deadline=None)
@given(given_rows=rows_of_a_block())
def test_held_out_articles_that_train_knows(given_rows: tuple[list[Row], Kind]) -> None:
    rows, kind = given_rows
    truth = matched(rows, kind)
    before = [row for row in rows if row.timestamp < 0]
    after = taken([row for row in rows if row.timestamp >= 0 and row.quantity > 0])
    owned, known = taken(before), {row.article for row in before}
    warm = {user: articles for user, articles in after.items() if user in owned}
    everything = {user: articles & known for user, articles in warm.items()}
    new = {user: articles - owned[user] for user, articles in everything.items()}
    for block, judged, wanted in (
        (truth.all, truth.counts.all, everything),
        (truth.new, truth.counts.new, new),
    ):
        wanted = {user: articles for user, articles in wanted.items() if articles}
        assert sets_of(block, rows, kind) == wanted
        unreachable = sum(len(warm[user] - known) for user in wanted)
        assert judged.n_users == len(wanted)
        assert judged.n_unreachable_pairs == unreachable
        assert judged.n_pairs == unreachable + sum(map(len, wanted.values()))
        sizes = sorted(map(len, wanted.values()))
        repeated = np.repeat(np.arange(len(judged.users_by_size)), judged.users_by_size)
        assert sizes == repeated.tolist()
    assert truth.counts.n_test_users == len(after)
    assert truth.counts.n_cold_users == len(after) - len(warm)
    assert truth.counts.n_nothing_reachable == sum(not (a & known) for a in warm.values())


@settings(deadline=None)
@given(given_rows=rows_of_a_block(), articles=st.sampled_from(["new", "all"]))
def test_groups_of_users_add_up(given_rows: tuple[list[Row], Kind], articles: str) -> None:
    found = matched(*given_rows).counts.population(articles, [1])
    groups = ("n_judged", "n_cold_users", "n_nothing_reachable", "n_only_owned")
    assert sum(found[name] for name in groups) == found["n_users_in_test"]
    assert min(found[name] for name in groups) >= 0
    if articles == "all":
        assert found["n_only_owned"] == 0


@settings(deadline=None)
@given(given_rows=rows_of_a_block(some_without_user=False))
def test_counts_of_users_one_by_one_add_up(given_rows: tuple[list[Row], Kind]) -> None:
    rows, kind = given_rows
    train, _ = train_and_test(rows, kind)
    total = matched([], kind).counts
    for user in kind.users:
        _, test = train_and_test([row for row in rows if row.user == user], kind)
        mine, _ = train_and_test([row for row in rows if row.user == user], kind)
        codes = codes_in(mine.article_ids, train.article_ids)
        owned = user_item_weights(mine, codes, len(train.article_ids), "count", "drop")
        part = truth_of(test, mine.user_ids, train.article_ids, owned)
        total = add_counts(total, part.counts)
    whole = matched(rows, kind).counts
    for one, other in ((total.new, whole.new), (total.all, whole.all)):
        assert np.array_equal(one.users_by_size, other.users_by_size)
        assert one[1:] == other[1:]
    assert total[:3] == whole[:3]


def test_each_group_by_hand():
    rows = [
        Row("u1", "a", None, 1.0, -1),
        Row("w", "b", None, 1.0, -1),
        Row("é", "a", None, -1.0, -1),
        Row("u1", "a", None, 1.0, 1),  # again
        Row("u1", "b", None, 1.0, 1),  # new
        Row("u1", "b", None, 2.0, 2),
        Row("u1", "71053", None, 1.0, 1),  # unknown to train
        Row("w", "b", None, 1.0, 1),  # only owned
        Row("é", "a", None, 1.0, 1),  # owned, though it was returned
        Row("\U0001f600", "a", None, 1.0, 1),  # cold
        Row(None, "a", "1", 1.0, 1),  # nobody
    ]
    truth = matched(rows, TEXTS)
    assert sets_of(truth.new, rows, TEXTS) == {"u1": {"b"}}
    assert sets_of(truth.all, rows, TEXTS) == {"u1": {"a", "b"}, "w": {"b"}, "é": {"a"}}
    assert truth.counts.population("new", [1, 5]) == {
        "n_users_in_test": 4,
        "n_judged": 1,
        "n_cold_users": 1,
        "n_nothing_reachable": 0,
        "n_only_owned": 2,
        "n_pairs": 2,
        "n_unreachable_pairs": 1,
        "unreachable_share": 0.5,
        "ceiling": {"1": 1.0, "5": 1.0},
    }
    everything = truth.counts.population("all", [1])
    assert everything["unreachable_share"] == 1 / 5
    assert everything["ceiling"] == {"1": pytest.approx((0.5 + 1 + 1) / 3)}


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=20), k=st.integers(1, 40))
def test_the_ceiling_is_the_mean_over_users(sizes: list[int], k: int) -> None:
    judged = Judged(np.bincount(sizes).astype(np.int64), sum(sizes), 0)
    wanted = np.mean([min(k, size) / size for size in sizes])
    assert ceiling(judged, [k]) == [pytest.approx(wanted)]


def test_nobody_has_no_ceiling():
    counts = matched([], TEXTS).counts
    assert np.isnan(ceiling(counts.new, [1, 2])).all()
    assert np.isnan(counts.new.unreachable_share)
    population = counts.population("new", [1])
    assert population["unreachable_share"] is None
    assert population["ceiling"] == {}


@settings(deadline=None)
@given(given_rows=rows_of_a_block(), limit=st.sampled_from([1, 2, UNLIMITED]))
def test_later_baskets_hold_what_train_knows(
    given_rows: tuple[list[Row], Kind], limit: int
) -> None:
    rows, kind = given_rows
    train, test = train_and_test(rows, kind)
    known = set(train.article_ids.to_pylist())
    later = [row for row in rows if row.timestamp >= 0 and row.article in known]
    found = later_baskets(test, train.article_ids, limit)
    articles = train.article_ids.to_pylist()
    baskets = sorted(
        tuple(sorted(articles[a] for a in found.indices[first:last]))
        for first, last in zip(found.indptr, found.indptr[1:], strict=False)
    )
    wanted = baskets_of_rows(later, DAY_US)
    assert baskets == [basket for basket in wanted if len(basket) <= limit]
    assert found.shape[1] == len(articles)


def test_ids_of_a_larger_index():
    """The articles of the index are those of all blocks."""
    _, test = train_and_test([Row("u1", "71053", None, 1.0, NOON)], TEXTS)
    index = pa.array(["0071053", "71053", "a"])
    owned = CsrBlock(np.ones(0, np.float32), np.ones(0, np.int32), np.zeros(2, np.int64), (1, 3))
    assert truth_of(test, pa.array(["u1"]), index, owned).new.indices.tolist() == [1]


def test_what_the_rules_deny_is_out_of_reach():
    """u1 took a and b afterwards, u2 only a; a is denied."""
    train = sort_block(
        pa.array(["u1", "u2"]), pa.array(["c", "c"]), None, np.ones(2), np.zeros(2, int)
    )
    test = sort_block(
        pa.array(["u1", "u1", "u2"]), pa.array(["a", "b", "a"]), None, np.ones(3), np.ones(3, int)
    )
    articles = pa.array(["a", "b", "c"])
    owned = csr_from_sorted(np.array([0, 1]), np.array([2, 2]), np.ones(2), (2, 3))
    rules = {"allowed": np.array([False, True, True])}
    found = truth_of(test, train.user_ids, articles, owned, rules)
    assert found.all.indices.tolist() == [1]
    assert (found.counts.new.n_users, found.counts.n_nothing_reachable) == (1, 1)
    assert found.counts.new.unreachable_share == 0.5
    assert truth_of(test, train.user_ids, articles, owned).all.indices.size == 3
