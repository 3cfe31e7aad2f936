"""Small random matrices and what they are normalised by, dense."""

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted
from cfdist.backends import CsrOperator, get_backend


def block_of(dense: NDArray) -> CsrBlock:
    rows, columns = np.nonzero(dense)
    return csr_from_sorted(rows, columns, dense[rows, columns], dense.shape)


def operator_of(block: CsrBlock) -> CsrOperator:
    return get_backend("cpu").csr(block, np.float32)


def ones(seed: int, n_users: int = 30, n_articles: int = 20, density: float = 0.2) -> NDArray:
    """A random matrix of ones whose last row and last column are empty."""
    dense = (np.random.default_rng(seed).random((n_users, n_articles)) < density).astype(float)
    dense[-1], dense[:, -1] = 0, 0
    return dense


def normalized(dense: NDArray, a: float = 0.5, b: float = 0.5) -> NDArray:
    """D_U^-a R D_I^-b with 0 for empty rows and columns."""
    return power(dense.sum(axis=1), -a)[:, None] * dense * power(dense.sum(axis=0), -b)


def power(degrees: NDArray, exponent: float) -> NDArray:
    return np.array([d**exponent if d > 0 else 0.0 for d in degrees])


def gram(dense: NDArray, a: float = 0.5, b: float = 0.5) -> NDArray:
    """P = R̃ᵀR̃."""
    scaled = normalized(dense, a, b)
    return scaled.T @ scaled


def connected(n_users: int, n_articles: int) -> NDArray:
    """A path through all users and articles, and some entries beside."""
    dense = (np.random.default_rng(0).random((n_users, n_articles)) < 0.05).astype(float)
    steps = np.arange(max(n_users, n_articles))
    dense[steps % n_users, steps % n_articles] = 1
    dense[steps % n_users, (steps + 1) % n_articles] = 1
    dense[0] = 1
    assert sp.csgraph.connected_components(sp.block_array([[None, dense], [dense.T, None]]))[0] == 1
    return dense


matrices = st.builds(
    ones, st.integers(0, 10**6), st.integers(2, 40), st.integers(2, 30), st.floats(0.02, 0.6)
)
