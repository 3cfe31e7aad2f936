"""Partners that name another article of the basket, against loops over sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted, take_rows
from cfdist.evaluation.metrics.pairs import pair_hit_rate

PARTNERS = np.array([[1, 2], [0, 3], [3, -1], [-1, -1]])


def block_of(baskets: list[set[int]], n_articles: int) -> CsrBlock:
    pairs = [(row, article) for row, basket in enumerate(baskets) for article in sorted(basket)]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return csr_from_sorted(rows, columns, np.ones(len(rows)), (len(baskets), n_articles))


@pytest.mark.parametrize(
    ("basket", "expected"),
    [
        ({0, 1}, [1.0, 1.0]),  # each names the other first
        ({0, 2}, [0.0, 0.5]),  # 0 names 2 second, 2 names only 3
        ({1, 2, 3}, [1 / 3, 2 / 3]),  # 2 names 3 first, 1 names 3 second, 3 names nobody
        ({0, 3}, [0.0, 0.0]),
        ({2}, [np.nan, np.nan]),
        (set(), [np.nan, np.nan]),
    ],
)
def test_baskets_by_hand(basket: set[int], expected: list[float]) -> None:
    values = pair_hit_rate(PARTNERS, block_of([basket], 4), (1, 2))
    assert values[0].tolist() == pytest.approx(expected, nan_ok=True)


def test_an_article_is_not_its_own_partner() -> None:
    selfish = np.array([[0, 1], [1, -1], [2, -1]])
    baskets = block_of([{0, 1}, {0, 2}], 3)
    assert pair_hit_rate(selfish, baskets, (1, 2)).tolist() == [[0.0, 0.5], [0.0, 0.0]]


def loops(partners: np.ndarray, basket: set[int], k: int) -> float:
    if len(basket) < 2:
        return np.nan
    hits = [bool(set(partners[article, :k]) & (basket - {article})) for article in basket]
    return sum(hits) / len(basket)


some_shop = st.integers(1, 7).flatmap(
    lambda n: st.tuples(
        st.lists(st.permutations(range(-1, n)), min_size=n, max_size=n).map(np.array),
        st.lists(st.sets(st.integers(0, n - 1)), min_size=1, max_size=8),
    )
)


@settings(deadline=None)
@given(shop=some_shop)
def test_baskets_are_judged_as_by_loops(shop: tuple[np.ndarray, list[set[int]]]) -> None:
    partners, baskets = shop
    ks = tuple(range(1, partners.shape[1] + 1))
    values = pair_hit_rate(partners, block_of(baskets, len(partners)), ks)
    expected = [[loops(partners, basket, k) for k in ks] for basket in baskets]
    assert np.array_equal(values, np.array(expected), equal_nan=True)


@settings(deadline=None)
@given(shop=some_shop, seed=st.integers(0, 9))
def test_the_order_of_the_baskets_orders_the_values(shop, seed: int) -> None:
    partners, baskets = shop
    order = np.random.default_rng(seed).permutation(len(baskets))
    block = block_of(baskets, len(partners))
    turned = pair_hit_rate(partners, take_rows(block, order), (1,))
    assert np.array_equal(turned, pair_hit_rate(partners, block, (1,))[order], equal_nan=True)


def test_no_baskets_no_values() -> None:
    assert pair_hit_rate(PARTNERS, block_of([], 4), (1, 2)).shape == (0, 2)


def test_partners_of_another_catalogue_are_refused() -> None:
    with pytest.raises(ValueError, match="partners of 4 articles, baskets of 5"):
        pair_hit_rate(PARTNERS, block_of([{0, 4}], 5), (1,))
    with pytest.raises(ValueError, match="row 0 holds article 1 twice"):
        pair_hit_rate(np.array([[1, 1], [0, -1]]), block_of([{0, 1}], 2), (1,))
    with pytest.raises(ValueError, match="rank 3"):
        pair_hit_rate(PARTNERS, block_of([{0, 1}], 4), (3,))
