"""Bought together: exact counts against a dense Gram matrix, orders and shares by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import pair_counts, top_partners

from cfdist.algorithms.csr import CsrBlock, check_canonical, csr_from_sorted
from cfdist.algorithms.pairs import confidence, count_pairs, lift, transpose

# Baskets × articles. Together: 0 and 1 three times, 0 and 2 twice, 0 and 3 twice, 1 and 2 once …
SHOP = np.array(
    [
        [1, 1, 1, 0, 0],
        [1, 1, 0, 1, 0],
        [1, 1, 0, 0, 0],
        [1, 0, 1, 1, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 1, 0],
    ]
)

some_baskets = st.integers(1, 7).flatmap(
    lambda n: st.lists(
        st.lists(st.booleans(), min_size=n, max_size=n), min_size=1, max_size=15
    ).map(np.array)
)


def block_of(dense: np.ndarray) -> CsrBlock:
    rows, columns = np.nonzero(dense)
    return csr_from_sorted(rows, columns, np.ones(len(rows)), dense.shape)


def count(dense, n, min_count=1, articles=None, asked=None):
    """Counts of the given articles, of all by default."""
    baskets = block_of(dense)
    articles = range(dense.shape[1]) if articles is None else articles
    asked = np.empty((len(articles), 0), np.int64) if asked is None else np.array(asked)
    return count_pairs(articles, transpose(baskets), baskets, asked, n, min_count)


def test_partners_of_a_small_shop() -> None:
    found = count(SHOP, n=3)
    assert found.partners.tolist() == [
        [1, 2, 3],  # 2 and 3 share two baskets with 0 each; 2 is the rarer: more lift
        [0, 2, 3],
        [0, 1, 3],
        [0, 2, 1],
        [-1, -1, -1],  # nobody took article 4
    ]
    assert found.counts.tolist() == [[3, 2, 2], [3, 1, 1], [2, 1, 1], [2, 1, 1], [0, 0, 0]]


def test_equal_counts_go_to_the_rarer_partner_then_to_the_lower_index() -> None:
    """0 shares one basket with each; 1 is in three, 2 and 3 in two, 4 in one."""
    baskets = np.array(
        [[1, 1, 1, 1, 1], [0, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 0]], dtype=int
    )
    assert count(baskets, n=4).partners[0].tolist() == [4, 2, 3, 1]
    assert count(baskets, n=2).partners[0].tolist() == [4, 2]


def test_pairs_seen_too_rarely_are_left_out() -> None:
    found = count(SHOP, n=3, min_count=2)
    assert found.partners.tolist()[:4] == [[1, 2, 3], [0, -1, -1], [0, -1, -1], [0, -1, -1]]
    assert found.counts.tolist()[:4] == [[3, 2, 2], [3, 0, 0], [2, 0, 0], [2, 0, 0]]


def test_counts_of_other_articles_are_told_on_request() -> None:
    """Below the minimum too, in any order, twice if asked twice; −1 asks nothing."""
    asked = [[3, 4, -1], [-1, -1, -1], [3, 3, 1], [2, 1, 0], [0, 1, 4]]
    found = count(SHOP, n=1, min_count=3, asked=asked)
    assert found.asked_counts.tolist() == [[2, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 2], [0, 0, 0]]
    assert found.partners[:, 0].tolist() == [1, 0, -1, -1, -1]


@given(baskets=some_baskets, n=st.integers(1, 8), min_count=st.integers(1, 3))
def test_partners_are_those_of_brute_force(baskets: np.ndarray, n: int, min_count: int) -> None:
    found = count(baskets, n, min_count)
    partners, counts = top_partners(baskets, n, min_count)
    assert np.array_equal(found.partners, partners)
    assert np.array_equal(found.counts, counts)


@given(baskets=some_baskets, cut=st.integers(0, 7))
def test_articles_counted_in_runs_count_alike(baskets: np.ndarray, cut: int) -> None:
    n_articles = baskets.shape[1]
    cut = min(cut, n_articles)
    everybody = np.tile(np.arange(n_articles), (n_articles, 1))
    runs = [range(cut), range(cut, n_articles)]
    parts = [count(baskets, 3, articles=r, asked=everybody[r.start : r.stop]) for r in runs]
    whole = count(baskets, 3, asked=everybody)
    for name in whole._fields:
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joined, getattr(whole, name))
    off_diagonal = ~np.eye(n_articles, dtype=bool)
    assert np.array_equal(whole.asked_counts[off_diagonal], pair_counts(baskets)[off_diagonal])


def test_no_baskets_no_pairs() -> None:
    found = count(np.zeros((0, 3), dtype=int), n=2, asked=[[1], [2], [0]])
    assert (found.partners == -1).all()
    assert not found.counts.any()
    assert not found.asked_counts.any()


@given(baskets=some_baskets)
def test_transposed_baskets_are_canonical(baskets: np.ndarray) -> None:
    turned = transpose(block_of(baskets))
    check_canonical(turned)
    assert [a.dtype.name for a in turned[:3]] == ["float32", "int32", "int64"]
    assert np.array_equal(turned.to_scipy().toarray(), baskets.T.astype(np.float32))


def test_confidence_and_lift_by_hand() -> None:
    """Of 6 baskets 4 hold article 0 and 4 article 3, 2 both; 3 hold article 1, all with 0."""
    together, first, second = np.array([2, 3, 3]), np.array([4, 4, 3]), np.array([4, 3, 4])
    assert confidence(together, first).tolist() == [0.5, 0.75, 1.0]
    assert lift(together, first, second, 6).tolist() == [0.75, 1.5, 1.5]


def test_an_article_without_baskets_has_neither() -> None:
    nothing = np.array([0])
    assert confidence(np.array([1]), np.array([1])).tolist() == [1.0]
    assert confidence(nothing, nothing).tolist() == [0.0]
    assert lift(nothing, nothing, np.array([3]), 6).tolist() == [0.0]


@pytest.mark.parametrize("n_baskets", [1, 2**40])
def test_lift_does_not_overflow(n_baskets: int) -> None:
    many = np.array([2**40])
    assert lift(many, many, many, n_baskets).tolist() == [n_baskets / 2**40]
