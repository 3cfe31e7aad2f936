"""Weights against plain loops over the rows."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interaction_rows import (
    Kind,
    block_from,
    local_codes,
    rows_of_a_block,
    weights_by_id,
)
from reference import Row, weights_of_rows

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted, stack, take_rows
from cfdist.algorithms.interactions import DAY_US, InteractionBlock
from cfdist.algorithms.weighting import (
    Decay,
    WeightStatistics,
    add_statistics,
    column_scaled,
    degree_normalized,
    user_item_weights,
    weigh,
    weight_statistics,
)

DAY_DECAY = Decay(half_life_us=DAY_US, now_us=DAY_US)


def fading(row: Row, decay: Decay) -> float:
    return 2.0 ** (-max(decay.now_us - row.timestamp, 0) / decay.half_life_us)


def plain_weight(rows: list[Row], aggregate: str, returns: str, decay: Decay | None) -> float:
    """The weight of one pair; ``rows`` are in the order of a block."""
    bought = [row for row in rows if row.quantity > 0]
    left = sum(row.quantity for row in rows)
    if not bought or (returns == "net" and left <= 0):
        return 0.0
    factors = [fading(row, decay) if decay else 1.0 for row in bought]
    values = [f * row.quantity for f, row in zip(factors, bought, strict=True)]
    if aggregate in ("max", "last"):
        return max(values) if aggregate == "max" else values[-1]
    total = sum(values) if aggregate == "sum" else sum(factors)
    if returns == "drop":
        return total
    if aggregate == "sum":
        return total * left / sum(row.quantity for row in bought)
    n_returned = sum(row.quantity < 0 for row in rows)
    return total * max(len(bought) - n_returned, 1) / len(bought)


def rows_by_pair(block: InteractionBlock) -> dict[tuple[int, int], list[Row]]:
    """Rows of each pair of local codes, in the order of the block."""
    found = defaultdict(list)
    for user, article, quantity, timestamp in zip(
        block.user, block.article, block.quantity, block.timestamp, strict=True
    ):
        if user >= 0:
            found[user, article].append(Row(user, article, None, quantity, timestamp))
    return found


def block_of(dense: np.ndarray, owned: np.ndarray | None = None) -> CsrBlock:
    """Entries where ``dense`` is above 0, and explicit zeros where a pair is only owned."""
    rows, columns = np.nonzero((dense > 0) | (dense > 0 if owned is None else owned))
    return csr_from_sorted(rows, columns, dense[rows, columns], dense.shape)


@st.composite
def blocks(draw: st.DrawFn) -> CsrBlock:
    """Weights from 0.25 to 1,000 among pairs that are only owned."""
    shape = draw(st.tuples(st.integers(1, 8), st.integers(1, 6)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    dense = rng.choice([0.0, 0.25, 1.0, 3.0, 1000.0], shape) * rng.integers(0, 2, shape)
    return block_of(dense, rng.integers(0, 2, shape).astype(bool))


def entries_above_zero(block: CsrBlock) -> dict[tuple[int, int], float]:
    dense = block.to_scipy().toarray()
    return {(int(u), int(i)): float(dense[u, i]) for u, i in zip(*np.nonzero(dense), strict=True)}


@pytest.mark.parametrize("aggregate", ["count", "sum"])
@pytest.mark.parametrize("returns", ["drop", "net"])
@given(given_rows=rows_of_a_block())
def test_weights_are_those_of_plain_loops(
    aggregate: str, returns: str, given_rows: tuple[list[Row], Kind]
) -> None:
    rows, kind = given_rows
    block = block_from(rows, kind)
    assert weights_by_id(block, aggregate, returns) == weights_of_rows(rows, aggregate, returns)


@pytest.mark.parametrize(
    ("quantities", "drop_count", "drop_sum", "net_count", "net_sum"),
    [
        ([2.0, 3.0], 2, 5, 2, 5),
        ([2.0, 3.0, -1.0], 2, 5, 1, 4),  # a purchase and a return cancel in the count
        ([2.0, -1.0], 1, 2, 1, 1),  # one of two came back: still bought once
        ([2.0, -2.0], 1, 2, 0, 0),
        ([-1.0], 0, 0, 0, 0),
        ([0.0], 0, 0, 0, 0),
        ([0.1, 0.2, -0.3], 2, 0.1 + 0.2, 0, 0),  # the float sum leaves 6e-17
    ],
)
def test_returns(
    quantities: list[float], drop_count: float, drop_sum: float, net_count: float, net_sum: float
) -> None:
    """Whatever is left of it, the pair stays in the matrix: it is owned."""
    block = block_from([Row("u1", "a", "b", q, t) for t, q in enumerate(quantities)])
    found = [
        weights_by_id(block, aggregate, returns)["u1", "a"]
        for returns in ("drop", "net")
        for aggregate in ("count", "sum")
    ]
    wanted = [drop_count, drop_sum, net_count, net_sum]
    assert found == [float(np.float32(weight)) for weight in wanted]


def test_a_weight_of_zero_is_plus_zero() -> None:
    """Rows are told apart by the bits of their weights."""
    rows = [Row("u1", "a", "b", -0.0, 0), Row("é", "a", "b", -1.0, 0), Row("v", "a", "b", 0.0, 0)]
    block = block_from(rows)
    for aggregate in ("count", "sum", "max", "last"):
        for returns in ("drop", "net"):
            for decay in (None, DAY_DECAY):
                matrix = user_item_weights(block, local_codes(block), 1, aggregate, returns, decay)
                assert matrix.data.view(np.uint32).tolist() == [0, 0, 0]


def test_log1p_dampens_and_none_leaves() -> None:
    block = block_from(
        [Row("u", "a", "b", 1, 0), Row("u", "a", "b", 1, 1), Row("u", "c", "b", -1, 0)]
    )
    counts = user_item_weights(block, local_codes(block), 2, "count", "drop")
    assert weigh(counts, "none").data.tolist() == [2.0, 0.0]
    damped = weigh(counts, "log1p")
    np.testing.assert_allclose(damped.data, [np.log(3), 0], rtol=1e-6)
    assert damped.data.dtype == np.float32
    assert np.array_equal(damped.indices, counts.indices)


@pytest.mark.parametrize("decay", [None, DAY_DECAY, Decay(0.3 * DAY_US, -DAY_US)])
@pytest.mark.parametrize("aggregate", ["count", "sum", "max", "last"])
@pytest.mark.parametrize("returns", ["drop", "net"])
@given(given_rows=rows_of_a_block())
def test_every_aggregate_fades_as_plain_loops_say(
    aggregate: str, returns: str, decay: Decay | None, given_rows: tuple[list[Row], Kind]
) -> None:
    block = block_from(*given_rows)
    matrix = user_item_weights(
        block, local_codes(block), len(block.article_ids), aggregate, returns, decay
    )
    wanted = np.zeros(matrix.shape)
    pairs = rows_by_pair(block)
    for pair, rows in pairs.items():
        wanted[pair] = plain_weight(rows, aggregate, returns, decay)
    np.testing.assert_allclose(matrix.to_scipy().toarray(), wanted, rtol=1e-6)
    assert matrix.nnz == len(pairs)


@pytest.mark.parametrize(
    ("quantities", "drop_max", "drop_last", "net_max", "net_last"),
    [
        ([2.0, 5.0, 3.0], 5, 3, 5, 3),
        ([2.0, 3.0, -1.0], 3, 3, 3, 3),  # something is left: the quantities stand
        ([2.0, 3.0, 0.0], 3, 3, 3, 3),  # zero is no purchase
        ([2.0, -2.0], 2, 2, 0, 0),
        ([-1.0], 0, 0, 0, 0),
        ([0.1, 0.2, -0.3], 0.2, 0.2, 0, 0),
    ],
)
def test_largest_and_last(
    quantities: list[float], drop_max: float, drop_last: float, net_max: float, net_last: float
) -> None:
    block = block_from([Row("u1", "a", "b", q, t) for t, q in enumerate(quantities)])
    found = [
        weights_by_id(block, aggregate, returns)["u1", "a"]
        for returns in ("drop", "net")
        for aggregate in ("max", "last")
    ]
    wanted = [drop_max, drop_last, net_max, net_last]
    assert found == [float(np.float32(weight)) for weight in wanted]


def test_of_one_moment_the_last_basket_then_the_largest_quantity_is_the_last() -> None:
    rows = [Row("u1", "a", "2", 1, 5), Row("u1", "a", "1", 9, 5), Row("u1", "a", "2", 4, 5)]
    for order in (rows, rows[::-1]):
        assert weights_by_id(block_from(order), "last", "drop") == {("u1", "a"): 4}


@pytest.mark.parametrize(
    ("aggregate", "returns", "weight"),
    [
        ("count", "drop", 0.25 + 0.5 + 1),
        ("sum", "drop", 8 * 0.25 + 4 * 0.5 + 1),
        ("max", "drop", 2),
        ("last", "drop", 1),
        ("count", "net", 2 / 3 * 1.75),  # two of three purchases are left, at their mean
        ("sum", "net", 9 / 13 * 5),
        ("max", "net", 2),
        ("last", "net", 1),
    ],
)
def test_a_purchase_fades_by_half_in_a_half_life(
    aggregate: str, returns: str, weight: float
) -> None:
    """8 two days ago, 4 yesterday, 1 tomorrow, which counts in full; 4 came back."""
    days = [(8.0, -2), (4.0, -1), (1.0, 1), (-4.0, 0)]
    block = block_from([Row("u1", "a", "b", q, day * DAY_US) for q, day in days])
    decay = Decay(DAY_US, 0)
    matrix = user_item_weights(block, local_codes(block), 1, aggregate, returns, decay)
    np.testing.assert_allclose(matrix.data, [weight], rtol=1e-6)


def test_what_has_faded_away_is_owned() -> None:
    block = block_from([Row("u1", "a", "b", 1, 0)])
    matrix = user_item_weights(block, local_codes(block), 1, "count", "drop", Decay(1.0, 2_000))
    assert (matrix.nnz, matrix.data.tolist()) == (1, [0])


@given(block=blocks(), cuts=st.lists(st.integers(0, 8), max_size=3))
def test_statistics_of_blocks_add_up(block: CsrBlock, cuts: list[int]) -> None:
    bounds = [0, *sorted(min(cut, block.shape[0]) for cut in cuts), block.shape[0]]
    parts = [take_rows(block, np.arange(first, last)) for first, last in pairwise(bounds)]
    total = weight_statistics(parts[0])
    for part in parts[1:]:
        total = add_statistics(total, weight_statistics(part))
    dense = block.to_scipy().toarray().astype(np.float64)
    assert total.n_users == np.count_nonzero((dense > 0).any(axis=1))
    assert total.n_users_of_article.tolist() == (dense > 0).sum(axis=0).tolist()
    assert total.n_users_of_article.dtype == np.int64
    assert total.total_length == dense.sum()
    assert np.array_equal(
        weigh(block, "bm25", total).data,
        stack([weigh(part, "bm25", total) for part in parts]).data,
    )


@given(block=blocks())
def test_tfidf_is_its_formula(block: CsrBlock) -> None:
    entries = entries_above_zero(block)
    n_users = len({u for u, _ in entries})
    found = weigh(block, "tfidf", weight_statistics(block))
    wanted = np.zeros(block.shape)
    for (u, i), weight in entries.items():
        n = sum(article == i for _, article in entries)
        wanted[u, i] = np.log(1 + weight) * (1 + np.log((1 + n_users) / (1 + n)))
    np.testing.assert_allclose(found.to_scipy().toarray(), wanted, rtol=1e-6)


@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.0, 0.0), (2.0, 1.0), (100.0, 0.5)])
@given(block=blocks())
def test_bm25_is_its_formula(k1: float, b: float, block: CsrBlock) -> None:
    entries = entries_above_zero(block)
    n_users = len({u for u, _ in entries})
    found = weigh(block, "bm25", weight_statistics(block), k1, b)
    wanted = np.zeros(block.shape)
    for (u, i), weight in entries.items():
        n = sum(article == i for _, article in entries)
        length = sum(w for (user, _), w in entries.items() if user == u)
        mean = sum(entries.values()) / n_users
        idf = np.log(1 + (n_users - n + 0.5) / (n + 0.5))
        saturated = weight * (k1 + 1) / (weight + k1 * (1 - b + b * length / mean))
        wanted[u, i] = idf * saturated
    np.testing.assert_allclose(found.to_scipy().toarray(), wanted, rtol=1e-6)


@pytest.mark.parametrize("weighting", ["none", "log1p", "tfidf", "bm25"])
@given(block=blocks())
def test_weightings_keep_the_owned_pairs_and_the_sign(weighting: str, block: CsrBlock) -> None:
    weighed = weigh(block, weighting, weight_statistics(block))
    assert np.array_equal(weighed.indices, block.indices)
    assert np.array_equal(weighed.indptr, block.indptr)
    assert weighed.data.dtype == np.float32
    assert np.array_equal(weighed.data > 0, block.data > 0)
    assert not np.any(weighed.data[block.data == 0].view(np.uint32))


def test_rarer_articles_weigh_more() -> None:
    block = block_of(np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]]))
    statistics = weight_statistics(block)
    assert statistics._replace(n_users_of_article=None) == WeightStatistics(3, None, 4.0)
    for weighting in ("tfidf", "bm25"):
        common, rare = weigh(block, weighting, statistics).data[:2]
        assert 0 < common < rare


def test_weighting_without_what_it_needs_is_refused() -> None:
    block = block_of(np.ones((1, 1)))
    with pytest.raises(ValueError, match="'tfidf' needs the statistics"):
        weigh(block, "tfidf")
    with pytest.raises(ValueError, match="'idf' is none of"):
        weigh(block, "idf", weight_statistics(block))


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.0), (0.5, 0.5), (1.0, 0.0), (0.25, 2.0)])
@given(block=blocks())
def test_degrees_are_those_of_positive_weights(a: float, b: float, block: CsrBlock) -> None:
    taken = block.to_scipy().toarray() > 0
    d_u, d_i = taken.sum(axis=1, keepdims=True), taken.sum(axis=0)
    found = degree_normalized(block, d_i, a, b)
    wanted = taken / (np.maximum(d_u, 1.0) ** a * np.maximum(d_i, 1.0) ** b)
    np.testing.assert_allclose(found.to_scipy().toarray(), wanted, rtol=1e-6)
    assert np.array_equal(found.indices, block.indices)
    assert found.data.dtype == np.float32


def test_the_largest_singular_value_of_the_normalized_matrix_is_one() -> None:
    block = block_of(np.random.default_rng(0).integers(0, 3, (30, 12)).astype(float))
    taken = block.to_scipy().toarray() > 0
    normalized = degree_normalized(block, taken.sum(axis=0), 0.5, 0.5)
    largest = np.linalg.svd(normalized.to_scipy().toarray().astype(np.float64))[1][0]
    np.testing.assert_allclose(largest, 1, rtol=1e-6)


def test_an_article_that_nobody_is_said_to_have_has_the_factor_zero() -> None:
    found = degree_normalized(block_of(np.ones((1, 2))), np.array([0, 1]), 0.5, 0.5)
    np.testing.assert_allclose(found.data, [0, np.sqrt(0.5)], rtol=1e-6)


@given(block=blocks())
def test_columns_are_scaled(block: CsrBlock) -> None:
    scale = np.linspace(0, 2, block.shape[1])
    scaled = column_scaled(block, scale)
    dense = block.to_scipy().toarray() * scale
    np.testing.assert_array_equal(scaled.to_scipy().toarray(), dense.astype(np.float32))
    assert scaled.data.dtype == np.float32
    assert np.array_equal(scaled.indptr, block.indptr)
