import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from reference import full_svd
from small_matrices import matrices, ones

from cfdist.algorithms.low_rank_ease import ease_tables


def dense_ease(matrix: NDArray, regularization: float) -> NDArray:
    """R B with B = I − C diag(1/C): Steck's closed form by a dense inverse."""
    inverse = np.linalg.inv(matrix.T @ matrix + regularization * np.eye(matrix.shape[1]))
    return matrix @ (np.eye(matrix.shape[1]) - inverse / np.diag(inverse))


@pytest.mark.parametrize("regularization", [0.5, 20.0, 300.0])
@given(matrix=matrices)
def test_full_rank_is_dense_ease(matrix: NDArray, regularization: float) -> None:
    _, sigma, right = full_svd(matrix)
    tables = ease_tables(right.T, sigma, regularization)
    scores = np.float32(matrix) @ tables.fold_in @ tables.right.T
    expected = dense_ease(matrix, regularization)
    new = matrix == 0
    np.testing.assert_allclose(scores[new], expected[new], atol=1e-4)
    assert scores.dtype == np.float32


def truncated_ease(matrix: NDArray, k: int, regularization: float) -> NDArray:
    """The same closed form with the Gram matrix of the truncated matrix."""
    _, sigma, right = full_svd(matrix)
    return dense_ease_of_gram(matrix, right[:k].T * sigma[:k] ** 2 @ right[:k], regularization)


def dense_ease_of_gram(matrix: NDArray, gram: NDArray, regularization: float) -> NDArray:
    inverse = np.linalg.inv(gram + regularization * np.eye(len(gram)))
    return matrix @ (np.eye(len(gram)) - inverse / np.diag(inverse))


@given(seed=st.integers(0, 1000), k=st.integers(1, 10))
def test_truncation_is_ease_of_the_truncated_gram(seed: int, k: int) -> None:
    matrix = ones(seed)
    _, sigma, right = full_svd(matrix)
    tables = ease_tables(right[:k].T, sigma[:k], 5.0)
    scores = np.float32(matrix) @ tables.fold_in @ tables.right.T
    expected = truncated_ease(matrix, k, 5.0)
    np.testing.assert_allclose(scores[matrix == 0], expected[matrix == 0], atol=1e-4)


def test_leverage_near_one_stays_finite() -> None:
    """With a small λ nothing is left of some articles but what rounding makes of it."""
    matrix = np.eye(4)
    _, sigma, right = full_svd(matrix)
    tables = ease_tables(np.float32(right.T * (1 + 1e-6)), sigma, 1e-7)
    assert np.isfinite(tables.right).all()
    assert (tables.right.max(axis=0) <= 1.1e7).all()
    assert tables.right.min() >= 0
