"""Singular values and subspaces against a dense SVD; signs and bases are never compared.

Tolerances: 1e-4 relative for singular values, which is what `factorize.tolerance` promises; 1e-5
for float32 and 1e-10 for float64 orthonormality.
"""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import energy, explained_variance_ratio, full_svd, subspace_distance

from cfdist.algorithms import krylov
from cfdist.algorithms.krylov import FLOAT64_SHARE, KrylovState, TruncatedFactors

TOLERANCE = 1e-4
ORTHONORMAL = {"float32": 1e-5, "float64": 1e-10}


def purchases(n_users: int, n_articles: int, nnz: int, skew: float) -> sp.csr_matrix:
    """log1p of counts in which the article of rank r has a share ∝ r^−skew."""
    rng = np.random.default_rng(int(10 * skew))
    share = 1 / np.arange(1, n_articles + 1) ** skew
    columns = rng.choice(n_articles, nnz, p=share / share.sum())
    rows = rng.integers(0, n_users, nnz)
    counts = sp.coo_matrix((np.ones(nnz), (rows, columns)), (n_users, n_articles)).tocsr()
    return counts.log1p()


def with_spectrum(values: np.ndarray, n_users: int = 400, n_articles: int = 300) -> sp.csr_matrix:
    """Matrix of these singular values and random singular vectors."""
    rng = np.random.default_rng(2)
    left = np.linalg.qr(rng.standard_normal((n_users, len(values))))[0]
    right = np.linalg.qr(rng.standard_normal((n_articles, len(values))))[0]
    return sp.csr_matrix((left * values) @ right.T)


def few_histories(n_users: int, n_histories: int, n_articles: int) -> sp.csr_matrix:
    """Users who share a handful of histories: as many singular values as histories."""
    rng = np.random.default_rng(0)
    histories = sp.csr_matrix((rng.random((n_histories, n_articles)) < 0.1).astype(float))
    return histories[rng.integers(0, n_histories, n_users)]


MATRICES: dict[str, Callable[[], sp.csr_matrix]] = {
    "popularity": lambda: purchases(800, 300, 6_000, 1.0),
    "steep popularity": lambda: purchases(600, 300, 9_000, 1.4),
    "more articles than users": lambda: purchases(150, 300, 3_000, 1.0),
    "geometric": lambda: with_spectrum(100 * 0.9 ** np.arange(150)),
    "algebraic": lambda: with_spectrum(1 / np.sqrt(np.arange(1, 251))),
    "repeated values": lambda: with_spectrum(np.repeat([100, 10, 1, 0.1], 10)),
    "tiny scale": lambda: with_spectrum(1e-6 * 0.9 ** np.arange(150)),
    "no gaps": lambda: purchases(900, 300, 7_000, 0.0),
}
GAPPED = [name for name in MATRICES if name != "no gaps"]
K = 20


@cache
def matrix_of(name: str) -> sp.csr_matrix:
    return MATRICES[name]()


@cache
def svd_of(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return full_svd(matrix_of(name).toarray())


def iterate(
    matrix: sp.csr_matrix,
    k: int,
    n_passes: int,
    dtype: str = "float32",
    max_columns: int = 512,
    seed: int = 0,
) -> Iterator[KrylovState]:
    """State after each pass, until no direction is left."""
    narrow = matrix.astype(dtype)
    width = krylov.block_width(k, matrix.shape[1])
    state = krylov.start(matrix.shape[1], width, seed, dtype)
    for _ in range(n_passes):
        state = krylov.extend(state, narrow.T @ (narrow @ state.block), max_columns)
        yield state
        if krylov.is_exhausted(state):
            return


def last_state(matrix: sp.csr_matrix, k: int, n_passes: int, **given: object) -> KrylovState:
    return list(iterate(matrix, k, n_passes, **given))[-1]


def relative_errors(factors: TruncatedFactors, exact: np.ndarray) -> np.ndarray:
    wanted = exact[: len(factors.singular_values)]
    return np.abs(factors.singular_values - wanted) / wanted


def unit_error(columns: np.ndarray) -> float:
    """Largest entry of KᵀK − 1."""
    wide = columns.astype(np.float64)
    return float(np.abs(wide.T @ wide - np.eye(wide.shape[1])).max(initial=0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", GAPPED)
def test_twelve_passes_give_the_singular_values(name: str, dtype: str) -> None:
    factors = krylov.finish(last_state(matrix_of(name), K, 12, dtype=dtype), K)
    assert len(factors.singular_values) == K
    assert relative_errors(factors, svd_of(name)[1]).max() < TOLERANCE
    assert np.all(np.diff(factors.singular_values) <= 0)
    assert factors.item_factors.dtype == np.float32
    assert unit_error(factors.item_factors) < 1e-5


@pytest.mark.parametrize("name", ["popularity", "geometric", "repeated values"])
def test_factors_span_the_right_subspace(name: str) -> None:
    """Compared at a gap of the spectrum, where the subspace is defined."""
    sigma, right = svd_of(name)[1:]
    cut = int(np.argmin(sigma[5:K] / sigma[4 : K - 1])) + 5
    factors = krylov.finish(last_state(matrix_of(name), K, 12), K)
    assert subspace_distance(factors.item_factors[:, :cut], right[:cut].T) < 1e-3


@pytest.mark.parametrize("name", ["popularity", "steep popularity", "geometric"])
def test_user_factors_have_the_lengths_of_the_singular_values(name: str) -> None:
    factors = krylov.finish(last_state(matrix_of(name), K, 12), K)
    user_factors = matrix_of(name) @ factors.item_factors
    lengths = np.linalg.norm(user_factors, axis=0)
    np.testing.assert_allclose(lengths, factors.singular_values, rtol=TOLERANCE)
    cosines = (user_factors / lengths).T @ (user_factors / lengths)
    assert np.abs(cosines - np.eye(K)).max() < 1e-3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("max_columns", [50, 512])
@pytest.mark.parametrize("name", MATRICES)
def test_what_holds_after_every_pass(name: str, max_columns: int, dtype: str) -> None:
    """K and the next block are orthonormal, W = XᵀX K, H = KᵀW, with and without restarts."""
    matrix = matrix_of(name)
    gram = (matrix.T @ matrix).toarray()
    scale = np.linalg.norm(gram, 2)
    tolerance = ORTHONORMAL[dtype]
    for state in iterate(matrix, K, 10, dtype, max_columns):
        assert unit_error(np.hstack([state.basis, state.block])) < tolerance
        basis = state.basis.astype(np.float64)
        assert np.abs(state.image - gram @ basis).max() < tolerance * scale
        assert np.abs(state.projected - basis.T @ gram @ basis).max() < tolerance * scale
        assert state.basis.shape[1] + state.block.shape[1] <= max_columns
        assert state.basis.dtype == state.image.dtype == state.block.dtype == dtype


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", MATRICES)
def test_coupling_is_what_left_the_basis(name: str, dtype: str) -> None:
    """W of the last block = K H + Q C, and of the whole basis after a restart."""
    for state in iterate(matrix_of(name), K, 8, dtype, max_columns=60):
        last = state.coupling.shape[1]
        explained = state.basis @ state.projected[:, -last:] + state.block @ state.coupling
        scale = np.linalg.norm(state.projected, 2)
        assert np.abs(state.image[:, -last:] - explained).max() < ORTHONORMAL[dtype] * scale


@pytest.mark.parametrize("name", MATRICES)
def test_where_the_estimate_says_converged_it_is(name: str) -> None:
    """The passes stop at an estimate below the tolerance; at most twice that is left."""
    for state in iterate(matrix_of(name), K, 30):
        if state.basis.shape[1] >= K and krylov.estimate_errors(state, K).max() <= TOLERANCE:
            break
    else:
        pytest.fail("30 passes were not enough")
    factors = krylov.finish(state, K)
    assert relative_errors(factors, svd_of(name)[1]).max() < 2 * TOLERANCE


def test_without_gaps_seven_passes_are_not_called_enough() -> None:
    state = last_state(matrix_of("no gaps"), K, 7)
    error = relative_errors(krylov.finish(state, K), svd_of("no gaps")[1]).max()
    assert error > TOLERANCE
    assert krylov.estimate_errors(state, K).max() > TOLERANCE


@pytest.mark.parametrize("name", MATRICES)
def test_residuals_bound_the_true_ones(name: str) -> None:
    """Reported without a pass, they are at least 0.8 of ‖XᵀXv − σ²v‖ / σ² from the third pass."""
    matrix = matrix_of(name)
    for state in iterate(matrix, K, 10, "float64"):
        if state.n_passes < 3:
            continue
        factors = krylov.finish(state, K)
        vectors = factors.item_factors.astype(np.float64)
        squares = factors.singular_values**2
        rest = matrix.T @ (matrix @ vectors) - vectors * squares
        true = np.linalg.norm(rest, axis=0) / squares
        seen = true > 1e-4  # below, the float32 of the published factors is all that is left
        assert np.all(factors.residuals[seen] > 0.8 * true[seen])


def test_residuals_vanish_with_the_error() -> None:
    factors = krylov.finish(last_state(matrix_of("geometric"), K, 7, dtype="float64"), K)
    assert factors.residuals.max() < 1e-9


def test_the_largest_entry_of_each_component_is_positive() -> None:
    factors = krylov.finish(last_state(matrix_of("popularity"), K, 8), K).item_factors
    largest = np.abs(factors).argmax(axis=0)
    assert np.all(factors[largest, np.arange(K)] > 0)


def test_orient_takes_the_first_of_equals_and_leaves_zeros() -> None:
    factors = np.array([[-2.0, 1.0, 0.0], [2.0, -3.0, 0.0], [1.0, 2.0, 0.0]])
    assert krylov.orient(factors).tolist() == [[2, -1, 0], [-2, 3, 0], [-1, -2, 0]]


def test_the_seed_makes_the_start() -> None:
    first, again, other = (krylov.start(300, 10, seed) for seed in (7, 7, 8))
    assert np.array_equal(first.block, again.block)
    assert not np.array_equal(first.block, other.block)
    assert unit_error(first.block) < 1e-6
    assert not krylov.is_exhausted(first)
    results = [krylov.finish(last_state(matrix_of("geometric"), K, 8, seed=s), K) for s in (7, 8)]
    values = [result.singular_values for result in results]
    np.testing.assert_allclose(*values, rtol=1e-5)


@pytest.mark.parametrize(("k", "n_articles", "width"), [(1, 50, 16), (50, 9_000, 32), (65, 99, 48)])
def test_a_pass_multiplies_half_of_the_components_in_sixteens(
    k: int, n_articles: int, width: int
) -> None:
    assert krylov.block_width(k, n_articles) == width
    assert krylov.block_width(k, 4) == 4


@pytest.mark.parametrize(("k", "columns"), [(1, 512), (170, 512), (256, 768)])
def test_a_basis_grows_to_three_times_the_components(k: int, columns: int) -> None:
    assert krylov.max_basis_columns(k) == columns


@pytest.mark.parametrize("max_columns", [152, 200])
def test_thick_restarts_lose_nothing(max_columns: int) -> None:
    """60 components in a basis of 2k + width columns, cut back every third pass, and in a wider."""
    matrix = purchases(600, 300, 8_000, 1.0)
    sizes = []
    for state in iterate(matrix, 60, 14, max_columns=max_columns):
        sizes.append(state.basis.shape[1])
        errors = krylov.estimate_errors(state, 60)
        if state.basis.shape[1] >= 60 and errors.max() <= TOLERANCE:
            break
    assert np.any(np.diff(sizes) < 0)
    assert min(sizes[2:]) >= 60
    factors = krylov.finish(state, 60)
    assert relative_errors(factors, full_svd(matrix.toarray())[1]).max() < 2 * TOLERANCE
    assert unit_error(factors.item_factors) < 1e-5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [4, 20, 40])
def test_a_matrix_of_low_rank_exhausts_the_directions(k: int, dtype: str) -> None:
    values = np.linspace(10, 5, 17)
    state = last_state(with_spectrum(values), k, 12, dtype=dtype)
    assert krylov.is_exhausted(state)
    assert krylov.estimate_errors(state, k).max() == 0
    factors = krylov.finish(state, k)
    assert len(factors.singular_values) == min(k, 17)
    np.testing.assert_allclose(factors.singular_values, values[:k], rtol=1e-5)
    assert krylov.numerical_rank(factors.singular_values, (400, 300)) == min(k, 17)


@pytest.mark.parametrize("n_users", [500, 20_000])
def test_a_component_that_is_only_rounding_is_not_taken_from_float32(n_users: int) -> None:
    """Sums over many equal users round alike: float32 shows a seventh value of 0.005 σ₁."""
    matrix = few_histories(n_users, 6, 300)
    state = last_state(matrix, 7, 12)
    assert krylov.smallest_share(state, 6) > FLOAT64_SHARE
    assert krylov.smallest_share(state, 7) < FLOAT64_SHARE
    wide = krylov.finish(last_state(matrix, 7, 12, dtype="float64"), 7)
    assert krylov.numerical_rank(wide.singular_values, matrix.shape) == 6
    squares = np.linalg.eigvalsh((matrix.T @ matrix).toarray())[:-7:-1]
    np.testing.assert_allclose(wide.singular_values[:6], np.sqrt(squares), rtol=1e-9)


@pytest.mark.parametrize("smallest", [1e-1, 1e-2, 4e-3, 1.5e-3, 1e-3, 1e-4])
def test_float32_is_used_only_where_it_is_good_enough(smallest: float) -> None:
    """20 values from 1 down to the smallest: float32 keeps the tolerance, or asks for float64."""
    matrix = with_spectrum(np.geomspace(1, smallest, 20))
    matrix = matrix + with_spectrum(smallest / 2 * np.geomspace(1, 0.1, 150))
    exact = full_svd(matrix.toarray())[1]
    narrow = last_state(matrix, K, 12)
    if krylov.smallest_share(narrow, K) >= FLOAT64_SHARE:
        assert relative_errors(krylov.finish(narrow, K), exact).max() < TOLERANCE
    else:
        assert smallest**2 < 2 * FLOAT64_SHARE
    wide = krylov.finish(last_state(matrix, K, 12, dtype="float64"), K)
    assert relative_errors(wide, exact).max() < TOLERANCE
    assert unit_error(wide.item_factors) < 1e-5


@settings(max_examples=150)
@given(
    n_users=st.integers(1, 15),
    n_articles=st.integers(1, 30),
    density=st.sampled_from([0.1, 0.4, 0.9]),
    exponent=st.integers(-6, 6),
    seed=st.integers(0, 2**32),
)
def test_small_matrices_are_exhausted_to_the_last_value(
    n_users: int, n_articles: int, density: float, exponent: int, seed: int
) -> None:
    """No noise enters the basis however few directions are left: counts, any scale, float64."""
    rng = np.random.default_rng(seed)
    dense = rng.integers(1, 4, (n_users, n_articles)) * (
        rng.random((n_users, n_articles)) < density
    )
    matrix = sp.csr_matrix(dense * 10.0**exponent)
    k = min(n_users, n_articles)
    exact = full_svd(matrix.toarray())[1]
    for state in iterate(matrix, k, 20, "float64"):
        assert unit_error(np.hstack([state.basis, state.block])) < 1e-10
        assert np.isfinite(krylov.estimate_errors(state, k)).all()
    assert krylov.is_exhausted(state)
    assert state.basis.shape[1] <= n_articles
    factors = krylov.finish(state, k)
    found = np.zeros(k)
    found[: len(factors.singular_values)] = factors.singular_values
    np.testing.assert_allclose(found, exact, atol=1e-6 * exact[0], rtol=1e-6)


def test_a_matrix_of_zeros_has_no_components() -> None:
    state = last_state(sp.csr_matrix((5, 12)), 3, 12)
    assert krylov.is_exhausted(state)
    assert krylov.smallest_share(state, 3) == 0
    factors = krylov.finish(state, 3)
    assert factors.item_factors.shape == (12, 0)
    assert krylov.numerical_rank(factors.singular_values, (5, 12)) == 0


@pytest.mark.parametrize("name", MATRICES)
def test_the_gram_matrix_gives_the_same(name: str) -> None:
    matrix = matrix_of(name)
    factors = krylov.decompose_gram((matrix.T @ matrix).toarray(), K)
    sigma, right = svd_of(name)[1:]
    assert relative_errors(factors, sigma).max() < 1e-9
    assert unit_error(factors.item_factors) < 1e-5
    assert factors.residuals.max() < 1e-9
    cut = int(np.argmin(sigma[5:K] / sigma[4 : K - 1])) + 5
    assert subspace_distance(factors.item_factors[:, :cut], right[:cut].T) < 1e-5


def test_the_gram_matrix_of_low_rank() -> None:
    matrix = few_histories(200, 3, 20)
    factors = krylov.decompose_gram((matrix.T @ matrix).toarray(), 10)
    assert factors.item_factors.shape == (20, 10)
    assert np.isfinite(factors.residuals).all()
    assert krylov.numerical_rank(factors.singular_values, matrix.shape) == 3


@pytest.mark.parametrize(
    ("sigma", "float32_rank", "float64_rank"),
    [
        ([], 0, 0),
        ([0.0, 0.0], 0, 0),
        ([3.0, 3e-3, 0.0], 2, 2),
        ([3.0, 6e-5, 1.5e-5], 2, 3),
        ([3.0, 6e-7, 1.5e-7], 1, 2),
    ],
)
def test_rank_counts_what_the_passes_tell_from_zero(
    sigma: list[float], float32_rank: int, float64_rank: int
) -> None:
    """The floor is ε₃₂ √10,000 = 1.2e-5 of the largest value, and 1e-7 in float64."""
    for dtype, rank in (("float32", float32_rank), ("float64", float64_rank)):
        assert krylov.numerical_rank(np.array(sigma), (10_000, 70), dtype) == rank


@pytest.mark.parametrize("name", ["popularity", "steep popularity", "algebraic"])
def test_both_variances_follow_from_the_factors(name: str) -> None:
    """Energy Σσ² / ‖X‖², and the centred ratio from column means, against their definitions."""
    matrix = matrix_of(name)
    dense = matrix.toarray()
    factors = krylov.finish(last_state(matrix, K, 12), K)
    squares = factors.singular_values**2
    total = matrix.power(2).sum()
    np.testing.assert_allclose(squares / total, energy(dense, K), rtol=2 * TOLERANCE)
    column_means = dense.mean(axis=0)
    centred = squares / len(dense) - (column_means @ factors.item_factors) ** 2
    whole = total / len(dense) - np.square(column_means).sum()
    expected = explained_variance_ratio(dense, K)
    np.testing.assert_allclose(centred / whole, expected, atol=TOLERANCE * expected.max())
