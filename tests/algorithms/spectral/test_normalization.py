import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_matrices import block_of, connected, matrices, normalized

from cfdist.algorithms.csr import take_rows
from cfdist.algorithms.spectral.normalization import (
    article_degrees,
    divisors,
    normalize,
    scale,
    user_degrees,
)

exponents = st.floats(0, 1.5)


@given(dense=matrices, a=exponents, b=exponents)
def test_normalized_as_by_hand(dense: np.ndarray, a: float, b: float) -> None:
    block = block_of(dense)
    result = normalize(block, article_degrees(block), a, b)
    np.testing.assert_allclose(result.to_scipy().toarray(), normalized(dense, a, b), rtol=1e-6)


@given(dense=matrices, cut=st.integers(0, 40))
def test_blocks_of_users_are_normalized_as_the_whole(dense: np.ndarray, cut: int) -> None:
    block = block_of(dense)
    cut = min(cut, len(dense))
    parts = [take_rows(block, np.arange(len(dense))[rows]) for rows in (np.s_[:cut], np.s_[cut:])]
    degrees = sum(article_degrees(part) for part in parts)
    assert degrees.tolist() == article_degrees(block).tolist()
    joined = np.concatenate([normalize(part, degrees).data for part in parts])
    assert joined.tolist() == normalize(block, degrees).data.tolist()


def test_degrees_are_sums_of_weights() -> None:
    dense = np.array([[1.0, 0.5, 0.0], [0.0, 2.0, 0.0]])
    assert user_degrees(block_of(dense)).tolist() == [1.5, 2.0]
    assert article_degrees(block_of(dense)).tolist() == [1.0, 2.5, 0.0]


@pytest.mark.parametrize("exponent", [0.0, 0.5, -0.5])
def test_an_empty_row_is_divided_by_nothing(exponent: float) -> None:
    assert divisors(np.array([0.0, 4.0]), exponent).tolist() == [0.0, 4.0**-exponent]


def test_scaled_columns() -> None:
    dense = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    scaled = scale(block_of(dense), of_columns=np.array([2.0, 3.0, 5.0]))
    assert scaled.to_scipy().toarray().tolist() == [[2, 0, 5], [0, 3, 5]]


@pytest.mark.parametrize("shape", [(40, 30), (30, 40)])
def test_the_first_singular_value_of_a_connected_graph_is_one(shape: tuple[int, int]) -> None:
    block = block_of(connected(*shape))
    degrees = article_degrees(block)
    dense = normalize(block, degrees).to_scipy().toarray().astype(np.float64)
    _, sigma, right = np.linalg.svd(dense)
    assert abs(sigma[0] - 1) < 1e-6
    assert sigma[1] < 1 - 1e-3
    first = np.sqrt(degrees / degrees.sum())
    np.testing.assert_allclose(np.abs(right[0]), first, atol=1e-6)
