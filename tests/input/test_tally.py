"""Counting tables: bounded memory, and whole owners in what is left."""

import numpy as np
import pyarrow as pa
import pytest

from cfdist.input.check import DAY_US, Columns
from cfdist.input.tally import HashedCounts, Tallies


def test_counts_are_bounded_and_keep_whole_owners() -> None:
    counts = HashedCounts(max_entries=100)
    rng = np.random.default_rng(0)
    owner = rng.integers(0, 2**64, 1_000, dtype=np.uint64)
    for key in range(3):
        counts.add(owner, owner ^ np.uint64(key), np.full(1_000, key))
    keys, rows = counts.per_owner()
    assert counts.share == 1 / 64
    assert len(keys) == np.count_nonzero(owner < np.uint64(2**58))
    assert len(counts.counts) <= 100
    assert set(keys) == {3}
    assert set(rows) == {0 + 1 + 2}
    assert counts.n_pairs == pytest.approx(3_000, rel=0.5)
    assert counts.repeated_share == pytest.approx(1 - 2 / 3)
    above = np.array([2**64 - 1], dtype=np.uint64)
    counts.add(above, above)
    assert len(counts.counts) == keys.sum()


def test_nothing_counted_is_nothing() -> None:
    counts = HashedCounts()
    counts.add(np.empty(0, np.uint64), np.empty(0, np.uint64))
    assert counts.n_pairs == 0
    assert counts.repeated_share == 0
    assert [len(values) for values in counts.per_owner()] == [0, 0]


def test_the_order_of_the_rows_does_not_matter() -> None:
    key = np.array([3, 1, 3, 2], dtype=np.uint64)
    owner = np.array([9, 8, 9, 8], dtype=np.uint64)
    counts = HashedCounts()
    counts.add(owner, key)
    counts.add(owner[::-1], key[::-1])
    keys, rows = counts.per_owner()
    assert (counts.n_pairs, keys.tolist(), rows.tolist()) == (3, [2, 1], [4, 4])


def test_a_return_is_owned_but_neither_bought_nor_in_a_basket() -> None:
    tallies = Tallies()
    tallies.add(
        Columns(
            user_id=pa.array(["a", "a", None]),
            article_id=pa.array(["x", "y", "x"]),
            basket_id=pa.array(["1", "1", None]),
            quantity=np.array([1.0, -1.0, 1.0]),
            timestamp=np.array([0, 0, DAY_US]),
        )
    )
    assert tallies.users.n_pairs == 1
    assert tallies.pairs.n_pairs == 2
    assert sorted(tallies.articles.counts) == [0, 1]  # nobody's purchase makes no article popular
    assert sorted(tallies.baskets.per_owner()[0]) == [1, 1]
    assert tallies.lines.n_pairs == 3
