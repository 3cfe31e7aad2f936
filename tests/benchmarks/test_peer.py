"""The peer against dense NumPy: a comparison with a wrong peer is worth nothing."""

import numpy as np
import pytest
import scipy.sparse as sp
from peer_lists import neighbor_lists, top_of_rows
from peer_pairs import article_pairs


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def random_matrix(rng: np.random.Generator, shape: tuple[int, int]) -> sp.csr_matrix:
    dense = rng.random(shape) * (rng.random(shape) < 0.2)
    return sp.csr_matrix(dense.astype(np.float32))


def test_top_of_rows(rng: np.random.Generator) -> None:
    matrix = random_matrix(rng, (50, 30))
    matrix.data[::7] *= -1
    dense = np.zeros((50, 30), dtype=np.float32)
    row, rank, column, value = top_of_rows(matrix, 4)
    dense[row, column] = value
    for i, wanted in enumerate(matrix.toarray()):
        best = np.argsort(-wanted)[:4]
        best = best[wanted[best] > 0]
        np.testing.assert_array_equal(column[row == i], best)
        np.testing.assert_array_equal(rank[row == i], np.arange(len(best)))
        np.testing.assert_array_equal(dense[i, best], wanted[best])


def test_lists_are_neighbours_mean_weights_without_owned_articles(
    rng: np.random.Generator,
) -> None:
    matrix = random_matrix(rng, (40, 25))
    ids = np.array([rng.permutation(np.delete(np.arange(40), i))[:5] for i in range(40)])
    cosines = rng.uniform(-0.2, 1, ids.shape).astype(np.float32)
    articles, scores = neighbor_lists(matrix, ids, cosines)
    dense = matrix.toarray()
    popularity = (dense > 0).mean(axis=0)
    for user in range(40):
        weights = np.maximum(cosines[user], 0)
        wanted = weights @ dense[ids[user]] / weights.sum()
        wanted[dense[user] > 0] = 0
        order = np.argsort(-wanted, kind="stable")
        n_found = min(10, np.count_nonzero(wanted))
        np.testing.assert_array_equal(articles[user, :n_found], order[:n_found])
        np.testing.assert_allclose(scores[user, :n_found], wanted[order[:n_found]], rtol=1e-5)
        filled = articles[user, n_found:]
        free = (dense[user] == 0) & (wanted == 0)
        assert np.all(free[filled])
        np.testing.assert_allclose(popularity[filled], -np.sort(-popularity[free])[: len(filled)])
        assert len(set(articles[user])) == 10


def test_pairs_are_counted_in_baskets(rng: np.random.Generator) -> None:
    dense = (rng.random((300, 30)) < 0.15).astype(np.int32)
    units = rng.standard_normal((30, 8))
    units = (units / np.linalg.norm(units, axis=1, keepdims=True)).astype(np.float32)
    similar = np.array([np.delete(np.arange(30), i)[:20] for i in range(30)])
    cosines = np.take_along_axis(units @ units.T, similar, axis=1)
    pairs = article_pairs(sp.csr_matrix(dense), similar, cosines, units)
    counts = dense.T @ dense
    assert (pairs["count"] == counts[pairs["article"], pairs["other"]]).all()
    together = pairs[pairs["relation"] == "bought_together"]
    for article, partners in together.groupby("article"):
        wanted = np.delete(counts[article], article)
        wanted = -np.sort(-wanted[wanted >= 3])[:20]
        np.testing.assert_array_equal(partners["count"], wanted)
    chance = counts.diagonal()[pairs["article"]] * counts.diagonal()[pairs["other"]]
    np.testing.assert_allclose(pairs["lift"], pairs["count"] * 300 / chance, rtol=1e-5)


def test_nearest_finds_everybody_but_oneself(rng: np.random.Generator) -> None:
    pytest.importorskip("faiss", reason="faiss-cpu is not installed")
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    from peer_job import nearest, unit_rows

    units = unit_rows(rng.standard_normal((200, 6)).astype(np.float32))
    units[50:80] = units[50]  # more equal rows than places: oneself may be pushed out
    ids, scores = nearest(units, 5)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -2)
    np.testing.assert_allclose(scores, -np.sort(-cosines, axis=1)[:, :5], atol=1e-6)
    assert not (ids == np.arange(200)[:, None]).any()
