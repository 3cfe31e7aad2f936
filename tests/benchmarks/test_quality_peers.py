"""Peers against dense NumPy."""

import numpy as np
import pytest
import scipy.sparse as sp
from quality_peers import als, best_articles, ease, item_knn, peers

EVERYBODY = slice(None)


def random_matrix(shape: tuple[int, int], seed: int = 0) -> sp.csr_matrix:
    rng = np.random.default_rng(seed)
    dense = rng.integers(1, 4, shape) * (rng.random(shape) < 0.3)
    dense[:, 0] = 1  # no empty row
    return sp.csr_matrix(dense.astype(np.float32))


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (25, 25)])
def test_ease_is_the_dense_inverse(shape: tuple[int, int]) -> None:
    train = random_matrix(shape)
    ones = (train.toarray() > 0).astype(float)
    inverse = np.linalg.inv(ones.T @ ones + 3.0 * np.eye(shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    found = ease(train, ridge=3.0, binary=True)
    np.testing.assert_allclose(found(EVERYBODY), ones @ weights, atol=1e-10)
    np.testing.assert_allclose(found(slice(3, 7)), (ones @ weights)[3:7], atol=1e-10)


@pytest.mark.parametrize("binary", [True, False])
def test_item_knn_sums_the_largest_cosines(binary: bool) -> None:
    pytest.importorskip("implicit")
    train = random_matrix((400, 15), seed=1)  # no equal cosines at the edge
    dense = (train.toarray() > 0).astype(float) if binary else train.toarray().astype(float)
    units = dense / np.linalg.norm(dense, axis=0)
    cosines = units.T @ units
    for row in cosines:
        row[np.argsort(-row)[4:]] = 0
    found = item_knn(train, n_neighbors=3, binary=binary)
    np.testing.assert_allclose(found(EVERYBODY), dense @ cosines, atol=1e-5)


def test_als_scores_are_products_of_factors_and_repeatable() -> None:
    pytest.importorskip("implicit")
    threadpoolctl = pytest.importorskip("threadpoolctl")
    threadpoolctl.threadpool_limits(1, "blas")  # implicit warns of a BLAS with threads
    train = random_matrix((40, 15))
    settings = {"factors": 4, "alpha": 1.0, "regularization": 0.01}
    scores = als(train, **settings)(EVERYBODY)
    np.testing.assert_array_equal(scores, als(train, **settings)(EVERYBODY))
    assert np.linalg.matrix_rank(scores.astype(float), tol=1e-4) == 4
    held = train.toarray() > 0
    assert scores[held].mean() > scores[~held].mean() + 0.3


@pytest.mark.parametrize("with_owned", [False, True])
def test_best_articles_are_sorted_by_score_then_popularity_then_index(with_owned: bool) -> None:
    train = random_matrix((300, 12))
    rng = np.random.default_rng(1)
    scores = rng.integers(0, 4, train.shape).astype(np.float32)  # many ties
    popularity = (train.toarray() > 0).sum(axis=0)
    found = best_articles(lambda rows: scores[rows], train, 5, with_owned=with_owned)
    for user in range(train.shape[0]):
        free = [a for a in range(12) if with_owned or train[user, a] == 0]
        free.sort(key=lambda a: (-scores[user, a], -popularity[a], a))
        assert found[user, : len(free)].tolist() == free[:5]


def test_every_peer_has_a_name_of_its_own() -> None:
    labels = [peer.label for peer in peers()]
    assert len(set(labels)) == len(labels)
    assert {peer.name for peer in peers()} == {"ALS (implicit)", "item-kNN cosine", "EASE"}
