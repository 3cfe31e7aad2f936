from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_matrices import block_of, gram, matrices, normalized, ones, operator_of, power

from cfdist.algorithms.csr import take_rows
from cfdist.algorithms.pairs import transpose
from cfdist.algorithms.spectral.filters import SpectralFilter, bspm, cheby, gf_cf, linear
from cfdist.algorithms.spectral.polynomials import Polynomial
from cfdist.algorithms.spectral.tiles import filter_tile, low_rank_tile
from cfdist.algorithms.spectral.walk import TwoWays

FILTERS = {
    "linear": linear(),
    "affine": linear()._replace(history=Polynomial((0.25, -2.0)), article_exponent=0.3),
    "affine chebyshev": cheby(degree=1),
    "constant": linear()._replace(history=Polynomial((3.0,)), article_exponent=0.3),
    "gf_cf": gf_cf(),
    "bspm": bspm(),
    "bspm of two steps": bspm(step=1.1, n_steps=2),
    "cheby": cheby(),
    "flat cheby": cheby(flatness=10, article_exponent=0.0),
}


def by_hand(histories: np.ndarray, dense: np.ndarray, model: SpectralFilter, a: float, b: float):
    values, vectors = np.linalg.eigh(gram(dense, a, b))
    filtered = (vectors * model.history.response(values)) @ vectors.T
    degrees, beta = dense.sum(axis=0), model.article_exponent
    x = histories * power(degrees, -beta)
    return x @ filtered * np.where(degrees > 0, power(degrees, beta), 0.0 if beta else 1.0)


def size_of_terms(history: Polynomial, largest: float) -> float:
    """Sum of the sizes of p's terms at the largest eigenvalue of P, which bounds the rounding.

    It is small up to an eigenvalue of 1. With other exponents than ½ there are larger ones, and
    the terms of a Chebyshev polynomial cancel: 60 to 0.76 at an eigenvalue of 1.54.
    """
    units = np.eye(history.degree + 1)
    terms = [replace(history, coefficients=tuple(row)).response(largest) for row in units]
    return float(np.abs(np.array(history.coefficients) * np.array(terms)).sum())


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("walks", [False, True])
@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (0.6, 0.4)])
@given(dense=matrices)
def test_every_filter_against_the_spectrum(
    name: str, walks: bool, a: float, b: float, dense: np.ndarray
) -> None:
    histories, block = block_of(dense[::2]), block_of(normalized(dense, a, b))
    matrix = TwoWays(block, transpose(block)) if walks else None
    result = filter_tile(histories, FILTERS[name], operator_of(block), dense.sum(axis=0), matrix)
    expected = by_hand(dense[::2], dense, FILTERS[name], a, b)
    assert result.dtype == np.float32
    scale = max(1, np.abs(expected).max())
    cancelling = size_of_terms(FILTERS[name].history, np.linalg.eigvalsh(gram(dense, a, b)).max())
    np.testing.assert_allclose(result, expected, atol=max(1e-5 * scale, 5e-7 * cancelling))
    assert result.flags.c_contiguous


def test_a_filter_of_degree_one_walks_alone() -> None:
    dense = ones(0)
    block = block_of(normalized(dense))
    tile = filter_tile(
        block_of(dense), linear(), None, dense.sum(axis=0), TwoWays(block, transpose(block))
    )
    np.testing.assert_allclose(tile, dense @ gram(dense), atol=1e-5)


@given(seed=st.integers(0, 100), cut=st.integers(0, 30))
def test_rows_of_a_tile_do_not_mix(seed: int, cut: int) -> None:
    """The sparse products sum each column by itself: any tile gives the same bits."""
    dense = ones(seed)
    block, histories = block_of(normalized(dense)), block_of(dense)
    degrees, operator = dense.sum(axis=0), operator_of(block)
    whole = filter_tile(histories, cheby(), operator, degrees)
    rows = np.arange(len(dense))
    parts = [
        filter_tile(take_rows(histories, part), cheby(), operator, degrees)
        for part in (rows[:cut], rows[cut:])
    ]
    assert np.array_equal(np.vstack(parts), whole)


def test_low_rank_tile_is_the_product() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.random((5, 3)).astype(np.float32), rng.random((8, 3)).astype(np.float32)
    tile = low_rank_tile(left, right)
    assert tile.dtype == np.float32
    np.testing.assert_allclose(tile, left.astype(float) @ right.T.astype(float), rtol=1e-6)
