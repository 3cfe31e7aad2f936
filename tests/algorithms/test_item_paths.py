"""Random walks over a dense matrix of probabilities say what similarity is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfdist.algorithms.csr import CsrBlock, check_canonical, csr_from_sorted, take_rows
from cfdist.algorithms.item_paths import path_blocks, path_table
from cfdist.algorithms.sparse_products import product_top_k

# A user who has everything, two who share two articles, one whose only article was returned.
WEIGHTS = np.array([[2.0, 1.0, 1.0, 0.5], [1.0, 3.0, 0.0, 0.0], [0.0, 1.0, 4.0, 0.0], [0, 0, 0, 0]])


def block_of(dense: np.ndarray, owned: np.ndarray | None = None) -> CsrBlock:
    """Entries where ``dense`` is above 0, and explicit zeros where a pair is only owned."""
    rows, columns = np.nonzero((dense > 0) | (dense > 0 if owned is None else owned))
    return csr_from_sorted(rows, columns, dense[rows, columns], dense.shape)


def walks(dense: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Σ_u p(u | i)^α p(j | u)^α / d_j^β, by loops."""
    taken = dense > 0
    n_users, n_articles = taken.shape
    users_of, articles_of = taken.sum(axis=0), taken.sum(axis=1)
    found = np.zeros((n_articles, n_articles))
    for u in range(n_users):
        for i in np.flatnonzero(taken[u]):
            for j in np.flatnonzero(taken[u]):
                step = (1 / users_of[i]) ** alpha * (1 / articles_of[u]) ** alpha
                found[i, j] += step / users_of[j] ** beta
    return found


some_weights = st.tuples(st.integers(1, 9), st.integers(1, 7), st.integers(0, 2**32)).map(
    lambda given: (
        np.random.default_rng(given[2]).integers(0, 3, given[:2]).astype(float),
        np.random.default_rng(given[2] + 1).integers(0, 2, given[:2]).astype(bool),
    )
)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.566, 0.0011), (0.7, 0.5), (2.0, 1.0)])
@given(weights=some_weights)
def test_the_product_of_the_blocks_is_the_sum_over_walks(
    weights: tuple[np.ndarray, np.ndarray], alpha: float, beta: float
) -> None:
    """Pairs that are only owned lead nowhere."""
    dense, owned = weights
    left, right = path_blocks(block_of(dense, owned), alpha, beta)
    check_canonical(left)
    check_canonical(right)
    assert left.shape == right.shape[::-1] == dense.shape[::-1]
    product = left.to_scipy().toarray().astype(np.float64) @ right.to_scipy().toarray()
    np.testing.assert_allclose(product, walks(dense, alpha, beta), rtol=1e-6, atol=1e-12)


def test_walks_of_the_small_shop_by_hand() -> None:
    """α 1, β 0: from article 0 to user 0 or 1 with ½, from there to one of 4 or of 2 articles."""
    left, right = path_blocks(block_of(WEIGHTS), 1.0, 0.0)
    ids, scores = product_top_k(left, right, 3, np.arange(4))
    assert ids[0].tolist() == [1, 2, 3]
    np.testing.assert_allclose(scores[0], [0.5 / 4 + 0.5 / 2, 0.5 / 4, 0.5 / 4], rtol=1e-6)


def test_plain_walks_are_probabilities() -> None:
    left, right = path_blocks(block_of(WEIGHTS), 1.0, 0.0)
    _, scores = product_top_k(left, right, 4)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)


def test_damping_lets_the_rarer_article_win() -> None:
    left, right = path_blocks(block_of(WEIGHTS), 1.0, 2.0)
    ids, _ = product_top_k(left, right, 3, np.arange(4))
    assert ids[0].tolist() == [3, 1, 2]


def test_a_run_of_articles_lists_what_all_do() -> None:
    dense = np.random.default_rng(2).integers(0, 2, (40, 25)).astype(float)
    left, right = path_blocks(block_of(dense), 0.6, 0.3)
    ids, scores = product_top_k(left, right, 6, np.arange(25))
    assert not np.any(ids == np.arange(25)[:, None])
    for run in np.array_split(np.arange(25), 4):
        part = product_top_k(take_rows(left, run), right, 6, run)
        assert np.array_equal(part[0], ids[run])
        assert np.array_equal(part[1], scores[run])


def test_a_table_by_hand() -> None:
    ids = np.array([[1, 2], [2, -1], [1, 0], [-1, -1]])
    scores = np.array([[3, 1], [0.5, 0], [2, 2], [0, 0]], dtype=np.float32)
    table = path_table(ids, scores)
    assert table.to_scipy().toarray().tolist() == [
        [0, 0.75, 0.25, 0],
        [0, 0, 1, 0],
        [0.5, 0.5, 0, 0],
        [0, 0, 0, 0],
    ]
    cut = path_table(ids, scores, max_sources=1)
    assert cut.to_scipy().toarray().tolist() == [
        [0, 0.75, 0, 0],
        [0, 0, 1, 0],
        [0.5, 0, 0, 0],
        [0, 0, 0, 0],
    ]


@given(weights=some_weights, k=st.integers(1, 7), max_sources=st.integers(1, 7))
def test_the_table_keeps_the_strongest_sources_of_every_article(
    weights: tuple[np.ndarray, np.ndarray], k: int, max_sources: int
) -> None:
    dense, _ = weights
    left, right = path_blocks(block_of(dense), 0.7, 0.2)
    n_articles = dense.shape[1]
    ids, scores = product_top_k(left, right, k, np.arange(n_articles))
    whole = path_table(ids, scores).to_scipy().toarray()
    listed = (ids >= 0).any(axis=1)
    np.testing.assert_allclose(whole.sum(axis=1), listed, rtol=1e-6)
    cut = path_table(ids, scores, max_sources)
    check_canonical(cut)
    kept = cut.to_scipy().toarray()
    for article in range(n_articles):
        wanted = sorted(whole[:, article], reverse=True)[:max_sources]
        assert sorted(kept[:, article], reverse=True)[:max_sources] == wanted
        assert np.count_nonzero(kept[:, article]) == np.count_nonzero(wanted)


def test_no_lists_no_table() -> None:
    table = path_table(np.full((3, 2), -1), np.zeros((3, 2), np.float32), 1)
    assert (table.shape, table.nnz) == ((3, 3), 0)
