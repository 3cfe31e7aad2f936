import numpy as np
import pytest
from small_matrices import block_of, connected

from cfdist.algorithms.spectral.degrees import divisors
from cfdist.algorithms.weighting import degree_normalized


@pytest.mark.parametrize("exponent", [0.0, 0.5, -0.5, 1.3])
def test_an_empty_row_is_divided_by_nothing(exponent: float) -> None:
    assert divisors(np.array([0.0, 4.0, 0.25]), exponent).tolist() == pytest.approx(
        [0.0, 4.0**-exponent, 0.25**-exponent]
    )


@pytest.mark.parametrize("shape", [(40, 30), (30, 40)])
def test_the_first_singular_value_of_a_connected_graph_is_one(shape: tuple[int, int]) -> None:
    dense = connected(*shape)
    degrees = dense.sum(axis=0)
    normalized = degree_normalized(block_of(dense), degrees.astype(int), 0.5, 0.5)
    _, sigma, right = np.linalg.svd(normalized.to_scipy().toarray().astype(np.float64))
    assert abs(sigma[0] - 1) < 1e-6
    assert sigma[1] < 1 - 1e-3
    np.testing.assert_allclose(np.abs(right[0]), np.sqrt(degrees / degrees.sum()), atol=1e-6)
