import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_matrices import gram, ones

from cfdist.algorithms.spectral.polynomials import Polynomial, apply, plateau, sharpening

P = gram(ones(3))
COLUMNS = np.random.default_rng(1).random((20, 7)).astype(np.float32)


def by_eigenvalues(poly: Polynomial, matrix: np.ndarray) -> np.ndarray:
    """p(P), from the filter's response to each eigenvalue."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * poly.response(values)) @ vectors.T


@pytest.mark.parametrize("basis", ["power", "chebyshev"])
@pytest.mark.parametrize("image_known", [False, True])
@given(coefficients=st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=9))
def test_applied_as_its_response_says(
    basis: str, image_known: bool, coefficients: list[float]
) -> None:
    poly = Polynomial(tuple(coefficients), basis)
    seen = []

    def gram_times(dense: np.ndarray) -> np.ndarray:
        seen.append(dense)
        return np.float32(P) @ dense

    image = np.float32(P) @ COLUMNS if image_known else None
    result = apply(poly, COLUMNS, gram_times, image)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, by_eigenvalues(poly, P) @ COLUMNS, atol=1e-4)
    assert len(seen) == max(poly.degree - image_known, 0)


def test_powers_and_chebyshev_by_hand() -> None:
    values = np.array([0.0, 0.25, 1.0])
    assert Polynomial((1, 2, 4)).response(values).tolist() == [1, 1.75, 7]
    z = 1 - 2 * values
    expected = 1 + 2 * z + 4 * (2 * z**2 - 1)
    assert Polynomial((1, 2, 4), "chebyshev").response(values).tolist() == expected.tolist()


def mixed_nodes(flatness: float, degree: int) -> list[float]:
    """The published recipe, written out: targets at one set of nodes, sums over another."""
    coefficients = []
    for p in range(degree + 1):
        total = 0.0
        for j in range(degree + 1):
            x = np.cos((degree - j) * np.pi / degree)
            target = round(0.5 - 0.5 * x**flatness if x >= 0 else 0.5 + 0.5 * (-x) ** flatness, 3)
            g = np.cos((degree + 1.5 - (j + 1)) * np.pi / (degree + 1))
            total += np.cos(p * np.arccos(g)) * target
        coefficients.append(2 / (degree + 1) * total / (2 if p == 0 else 1))
    return coefficients


@pytest.mark.parametrize(("flatness", "degree"), [(1.5, 8), (10, 8), (3, 5), (1, 1)])
def test_the_plateau_mixes_two_sets_of_nodes(flatness: float, degree: int) -> None:
    poly = plateau(flatness, degree)
    assert poly.basis == "chebyshev"
    np.testing.assert_allclose(poly.coefficients, mixed_nodes(flatness, degree), atol=1e-12)


@pytest.mark.parametrize("flatness", [1.5, 10.0])
def test_the_plateau_rises_with_the_eigenvalue(flatness: float) -> None:
    low, middle, high = plateau(flatness).response(np.array([0.0, 0.5, 1.0]))
    assert low < 0.15
    assert middle == pytest.approx(0.5, abs=1e-3)
    assert high > 0.85


@pytest.mark.parametrize("n_steps", [1, 2, 3])
def test_sharpening_takes_steps(n_steps: int) -> None:
    lam = np.linspace(0, 1, 11)
    euler = (1 - 0.7 * lam) ** n_steps
    np.testing.assert_allclose(sharpening(0.7, n_steps, "euler").response(lam), euler, atol=1e-12)
    y = np.ones(11)
    for _ in range(n_steps):
        k1 = -lam * y
        k2 = -lam * (y + 0.35 * k1)
        k3 = -lam * (y + 0.35 * k2)
        k4 = -lam * (y + 0.7 * k3)
        y = y + 0.7 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    np.testing.assert_allclose(sharpening(0.7, n_steps, "rk4").response(lam), y, atol=1e-12)
