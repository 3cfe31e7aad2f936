"""Purchases per pair, by plain Python over random rows, and how they fade."""

import numpy as np
import pytest
from hypothesis import given
from interaction_rows import block_from, local_codes, rows_of_a_block

from cfdist.algorithms.csr import csr_from_sorted
from cfdist.algorithms.purchases import (
    FAINTEST,
    NO_TIME,
    entries_of,
    history_scores,
    last_purchases,
)
from cfdist.algorithms.weighting import user_item_weights


@given(drawn=rows_of_a_block())
def test_the_last_purchase_of_every_pair(drawn):
    rows, kind = drawn
    block = block_from(rows, kind)
    pairs = user_item_weights(block, local_codes(block), len(block.article_ids), "count", "net")
    users, articles = block.user_ids.to_pylist(), block.article_ids.to_pylist()
    user = np.repeat(np.arange(len(users)), np.diff(pairs.indptr))
    found = {
        (users[u], articles[a]): last
        for u, a, last in zip(user, pairs.indices, last_purchases(block).tolist(), strict=True)
    }
    expected: dict = {}
    for row in rows:
        if row.user is not None:
            last = expected.setdefault((row.user, row.article), NO_TIME)
            if row.quantity > 0:
                expected[row.user, row.article] = max(last, row.timestamp)
    assert found == expected


def test_scores_halve_with_every_half_life():
    weights = csr_from_sorted(*np.array([[0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2]]),
                              np.array([4.0, 4, 4, 3, 3, 0]), (2, 3))  # fmt: skip
    bought = np.array([2, 1, 0, 1, 1, 1])
    last = np.array([100, 90, 100, NO_TIME, 120, 0])
    scores = history_scores(weights, bought, last, as_of_us=100, half_life_us=10.0)
    assert scores.data[:5].tolist() == [4, 2, 0, 3, 3], "what is later counts in full"
    assert scores.data[5] == FAINTEST, "bought, whatever it weighs"
    assert np.array_equal(scores.indices, weights.indices)


def test_what_was_bought_long_ago_is_still_bought():
    weights = csr_from_sorted(np.array([0]), np.array([0]), np.array([1.0]), (1, 1))
    faint = history_scores(weights, np.array([1]), np.array([0]), 10**15, 1.0)
    assert faint.data[0] > 0


@pytest.mark.parametrize("seed", range(5))
def test_entries_are_found(seed):
    rng = np.random.default_rng(seed)
    rows, columns = np.nonzero(rng.random((6, 7)) < 0.4)
    block = csr_from_sorted(rows, columns, np.ones(len(rows)), (6, 7))
    some = rng.permutation(len(rows))[:5]
    assert entries_of(block, rows[some], columns[some]).tolist() == some.tolist()
