import numpy as np
import pytest
from reference import full_svd
from small_matrices import block_of, gram, normalized, ones, operator_of, power

from cfdist.algorithms.csr import take_rows
from cfdist.algorithms.spectral.filters import SpectralFilter, bspm, cheby, gf_cf
from cfdist.algorithms.spectral.tables import (
    article_vectors,
    low_pass_tables,
    pure_svd_tables,
    svd_ae_right,
    user_vectors,
)
from cfdist.algorithms.weighting import column_scaled

R = ones(5)
BLOCK = block_of(R)
DEGREES = R.sum(axis=0)
U, SIGMA, V = (part.T if i == 2 else part for i, part in enumerate(full_svd(normalized(R))))
NORMALIZED = operator_of(block_of(normalized(R)))
K = 6


def close(result: np.ndarray, expected: np.ndarray) -> None:
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=2e-5)


@pytest.mark.parametrize(
    "model",
    [
        gf_cf(0.3, K),
        cheby(low_pass_weight=0.2, n_components=K),
        bspm(0.2, K),
        bspm(1, K, merge="late"),
    ],
)
def test_low_pass_tables(model: SpectralFilter) -> None:
    tables = low_pass_tables(model, V, DEGREES, NORMALIZED)
    gamma = model.low_pass_exponent
    values, vectors = np.linalg.eigh(gram(R))
    filtered = (vectors * model.low_pass.response(values)) @ vectors.T
    first = R * power(DEGREES, -gamma) @ V[:, :K] @ V[:, :K].T
    expected = model.low_pass_weight * first * power(DEGREES, gamma) @ filtered
    close((np.float32(R) @ tables.fold_in) @ tables.right.T, expected)


@pytest.mark.parametrize("s", [0.0, 0.5, 1.0])
def test_scaled_pure_svd(s: float) -> None:
    scaled = column_scaled(BLOCK, power(DEGREES, s - 1)).to_scipy().toarray()
    right = full_svd(scaled)[2][:K].T
    tables = pure_svd_tables(right)
    close((np.float32(R) @ tables.fold_in) @ tables.right.T, R @ right @ right.T)


def test_svd_ae_is_a_sum_over_blocks_of_users() -> None:
    total, left = np.zeros((R.shape[1], K)), []
    for rows in np.array_split(np.arange(len(R)), 3):
        part = operator_of(block_of(normalized(R)[rows]))
        left.append(user_vectors(part, V[:, :K], SIGMA[:K]))
        total += svd_ae_right(operator_of(take_rows(BLOCK, rows)), left[-1])
    close(np.vstack(left), U[:, :K])
    close(np.float32(np.vstack(left) @ total.T), U[:, :K] @ U[:, :K].T @ R)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.5])
def test_weighted_spectrum(beta: float) -> None:
    left = user_vectors(NORMALIZED, V[:, :K], SIGMA[:K], beta)
    right = article_vectors(V[:, :K], SIGMA[:K], beta)
    close(left @ right.T, (U[:, :K] * SIGMA[:K] ** (2 * beta)) @ V[:, :K].T)


def test_components_without_a_singular_value_have_no_users() -> None:
    """V may have more columns than the matrix has rank."""
    left = user_vectors(NORMALIZED, V, np.where(SIGMA > 1e-8, SIGMA, 0))
    assert np.isfinite(left).all()
    assert not left[:, SIGMA <= 1e-8].any()
    assert (SIGMA <= 1e-8).any()


def test_empty_users_and_articles_score_zero() -> None:
    tables = low_pass_tables(gf_cf(0.3, K), V, DEGREES, NORMALIZED)
    scores = (np.float32(R) @ tables.fold_in) @ tables.right.T
    assert not scores[-1].any()
    assert not scores[:, -1].any()
    assert np.isfinite(scores).all()
