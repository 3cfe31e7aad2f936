import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from small_matrices import block_of, gram, matrices, normalized

from cfdist.algorithms.csr import take_rows
from cfdist.algorithms.pairs import transpose
from cfdist.algorithms.spectral.walk import TwoWays, walk_tile


def two_ways(dense: np.ndarray, a: float, b: float) -> TwoWays:
    block = block_of(normalized(dense, a, b))
    return TwoWays(block, transpose(block))


@given(dense=matrices, a=st.floats(0, 1), b=st.floats(0, 1), seed=st.integers(0, 9))
def test_the_walk_is_the_product(dense: np.ndarray, a: float, b: float, seed: int) -> None:
    weights = np.random.default_rng(seed).uniform(0.5, 1.5, dense.shape)
    result = walk_tile(block_of(dense * weights), two_ways(dense, a, b))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, (dense * weights) @ gram(dense, a, b), rtol=1e-5, atol=1e-7)


@given(dense=matrices, cut=st.integers(0, 40))
def test_rows_do_not_depend_on_their_tile(dense: np.ndarray, cut: int) -> None:
    block, matrix = block_of(dense), two_ways(dense, 0.5, 0.5)
    rows = np.arange(len(dense))
    parts = [walk_tile(take_rows(block, part), matrix) for part in (rows[cut:], rows[:cut])]
    assert np.array_equal(np.vstack(parts[::-1]), walk_tile(block, matrix))


def test_new_users_walk_too() -> None:
    """A history that is no row of the matrix, with an article that nobody has."""
    dense = np.array([[1.0, 1, 0, 0], [0, 1, 1, 0]])
    history = block_of(np.array([[1.0, 0, 0, 1], [0, 0, 0, 1]]))
    result = walk_tile(history, two_ways(dense, 0, 0))
    assert result.tolist() == [[1, 1, 0, 0], [0, 0, 0, 0]]
