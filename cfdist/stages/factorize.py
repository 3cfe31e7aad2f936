"""Truncated SVD: a few passes over the blocks, one task of dense algebra after each."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from distributed import Future

from cfdist.algorithms import krylov
from cfdist.algorithms.csr import CsrBlock, stack
from cfdist.algorithms.variance import energy, explained_variance_ratio
from cfdist.backends import Backend
from cfdist.settings import FactorizeSettings
from cfdist.stages.context import Artifact, Context, Stage
from cfdist.stages.index import tree_reduce
from cfdist.stages.matrix import UserItemMatrix

GRAM_ARTICLES = 512
GRAM_USERS = 4096


class Factors(Artifact):
    """X ≈ U Σ Vᵀ.

    ``meta``: n_components, n_passes, method, dtype, singular_values, residuals, energy,
    explained_variance_ratio (lists and shares per component).
    Parts ``item_factors``: V float32; ``user_factors``: XV = UΣ float32 per block of users.
    """

    @property
    def n_components(self) -> int:
        """Components kept."""
        return int(self.meta["n_components"])

    @property
    def singular_values(self) -> np.ndarray[Any, Any]:
        """float64 ``(n_components,)``, descending."""
        return np.array(self.meta["singular_values"], dtype=np.float64)

    @property
    def item_factors(self) -> Future:
        """V, ``(n_articles, n_components)``."""
        return self.parts["item_factors"][0]

    @property
    def user_factors(self) -> Sequence[Future]:
        """UΣ, one ``(n_users of the block, n_components)`` per block."""
        return self.parts["user_factors"]


Solver = Callable[..., tuple[Future, "PassReport", str]]


class PassReport(NamedTuple):
    """What the driver needs to know after a pass."""

    n_passes: int
    n_basis: int
    error: float
    smallest_share: float
    is_exhausted: bool


def factorize(context: Context, matrix: UserItemMatrix) -> Factors:
    """Singular values and factors, with residuals and both variances.

    Notes
    -----
    Gram matrix and eigenproblem up to 512 articles or 4,096 users, block Krylov above. Passes are
    in float32, and are done again in float64 where the wanted part of the spectrum spans more than
    float32 holds (w_min / w_max < 1e-5).
    """
    settings = context.config.factorize
    with context.stage("factorize", matrix.key, settings.model_dump()) as stage:
        found = stage.resume(Factors)
        if found is not None:
            return found
        wanted = min(settings.n_components, *matrix.shape)
        if wanted < settings.n_components:
            context.note(
                f"n_components = {settings.n_components} is more than the matrix of "
                f"{matrix.shape[0]:,} users × {matrix.shape[1]:,} articles has: {wanted} are used"
            )
        method, solve = _method_for(matrix)
        solution, report, dtype = solve(stage, matrix, wanted, settings)
        item_factors = stage.compute(
            _item_factors, solution, matrix.shape, dtype, part="item_factors"
        )
        user_factors = [
            stage.compute(_user_factors, block, item_factors, part="user_factors")
            for block in matrix.blocks
        ]
        described = stage.submit(
            _describe,
            solution,
            matrix.articles,
            matrix.shape,
            matrix.meta["squared_norm"],
            dtype,
            label="variance",
        )
        stage.wait([item_factors, *user_factors, described])
        meta = described.result() | {
            "method": method,
            "dtype": dtype,
            "n_passes": report.n_passes,
        }
        if meta["n_components"] < wanted:
            context.note(
                f"the matrix has rank {meta['n_components']}: that many components are used"
            )
        elif report.error > settings.tolerance:
            context.note(
                f"the SVD stopped after {report.n_passes} passes at an estimated relative error of "
                f"{report.error:.1e}; raise svd_iterations to reach {settings.tolerance:.0e}"
            )
        return stage.complete(Factors, meta, item_factors=[item_factors], user_factors=user_factors)


def truncate(context: Context, factors: Factors, n_components: int) -> Factors:
    """The first components of a factorization, which are those of a smaller one."""
    if n_components >= factors.n_components:
        return factors
    with context.stage("truncate", factors.key, n_components) as stage:
        found = stage.resume(Factors)
        if found is not None:
            return found
        item_factors = stage.compute(
            _first_columns, factors.item_factors, n_components, part="item_factors"
        )
        user_factors = [
            stage.compute(_first_columns, part, n_components, part="user_factors")
            for part in factors.user_factors
        ]
        stage.wait([item_factors, *user_factors])
        per_component = ("singular_values", "residuals", "energy", "explained_variance_ratio")
        shorter = {name: factors.meta[name][:n_components] for name in per_component}
        meta = {**factors.meta, **shorter, "n_components": n_components}
        return stage.complete(Factors, meta, item_factors=[item_factors], user_factors=user_factors)


def _first_columns(backend: Backend, table: Any, n_columns: int) -> Any:
    return backend.xp.ascontiguousarray(table[:, :n_columns])


def _method_for(matrix: UserItemMatrix) -> tuple[str, Solver]:
    """The smaller side decides: its Gram matrix where it is small, passes where it is not."""
    n_users, n_articles = matrix.shape
    if n_articles <= GRAM_ARTICLES:
        return "gram", _solve_gram
    if n_users <= GRAM_USERS:
        return "gram of users", _solve_user_gram
    return "block krylov", _solve_krylov


def _solve_user_gram(
    stage: Stage, matrix: UserItemMatrix, wanted: int, settings: FactorizeSettings
) -> tuple[Future, PassReport, str]:
    """One task: where users are few, the matrix is small."""
    solution = stage.compute(_decompose_users, wanted, *matrix.blocks, label="eigen")
    stage.wait([solution])
    return solution, PassReport(1, matrix.shape[0], 0.0, 1.0, True), "float64"


def _decompose_users(backend: Backend, wanted: int, *blocks: CsrBlock) -> krylov.TruncatedFactors:
    operator = backend.csr(stack(list(blocks)), np.float64)
    return krylov.decompose_user_gram(operator, wanted, device=backend)


def _solve_gram(
    stage: Stage, matrix: UserItemMatrix, wanted: int, settings: FactorizeSettings
) -> tuple[Future, PassReport, str]:
    grams = [stage.compute(_gram, block, label="gram") for block in matrix.blocks]
    total = tree_reduce(stage, _add, grams, label="sum")
    solution = stage.submit(krylov.decompose_gram, total, wanted, label="eigen")
    stage.wait([*grams, solution])
    return solution, PassReport(1, matrix.shape[1], 0.0, 1.0, True), "float64"


def _solve_krylov(
    stage: Stage, matrix: UserItemMatrix, wanted: int, settings: FactorizeSettings
) -> tuple[Future, PassReport, str]:
    passes = 0
    for dtype in ("float32", "float64"):
        state, report = _iterate(stage, matrix, wanted, settings, dtype)
        passes += report.n_passes
        if dtype == "float64" or not _needs_float64(report, wanted):
            break
        stage.context.note("the spectrum is too wide for float32: the passes run in float64")
    solution = stage.compute(_finish, state, wanted, label="finish")
    return solution, report._replace(n_passes=passes), dtype


def _iterate(
    stage: Stage, matrix: UserItemMatrix, wanted: int, settings: FactorizeSettings, dtype: str
) -> tuple[Future, PassReport]:
    """Passes until the error is small enough, the space exhausted, or float32 will not do."""
    n_articles = matrix.shape[1]
    width = krylov.block_width(wanted, n_articles)
    max_columns = krylov.max_basis_columns(wanted)
    state = stage.compute(_start, n_articles, width, settings.seed, dtype, label="start")
    while True:
        block = stage.compute(_block_of, state, label="block")  # all that a pass needs of it
        images = [stage.compute(_pass, rows, block, label="pass") for rows in matrix.blocks]
        stage.count(images)
        total = tree_reduce(stage, _add_images, images, label="sum", on_device=True)
        images.clear()  # each goes as soon as it is added up
        state = stage.compute(_extend, state, total, max_columns, label="orthogonalize")
        reported = stage.compute(_report, state, wanted, label="residual")
        stage.wait([state, reported])
        report: PassReport = reported.result()
        converged = report.n_basis >= wanted and report.error <= settings.tolerance
        if converged or report.is_exhausted or report.n_passes >= settings.svd_iterations:
            return state, report
        if dtype == "float32" and _needs_float64(report, wanted):
            return state, report


def _needs_float64(report: PassReport, wanted: int) -> bool:
    too_wide = report.n_basis >= wanted and report.smallest_share < krylov.FLOAT64_SHARE
    return too_wide or (report.is_exhausted and report.n_basis < wanted)


def _start(
    backend: Backend, n_articles: int, width: int, seed: int, dtype: str
) -> krylov.KrylovState:
    state: krylov.KrylovState = backend.to_device(krylov.start(n_articles, width, seed, dtype))
    return state


def _extend(
    backend: Backend, state: krylov.KrylovState, image: Any, max_columns: int
) -> krylov.KrylovState:
    return krylov.extend(state, image, max_columns, backend)


def _finish(backend: Backend, state: krylov.KrylovState, wanted: int) -> krylov.TruncatedFactors:
    return krylov.finish(state, wanted, device=backend)


def _block_of(backend: Backend, state: krylov.KrylovState) -> Any:
    return state.block


def _pass(backend: Backend, rows: CsrBlock, block: Any) -> Any:
    """The share of XᵀX Q of a block of rows."""
    return backend.csr(rows, block.dtype).gram_times(block)


def _gram(backend: Backend, block: CsrBlock) -> np.ndarray[Any, Any]:
    return backend.csr(block, np.float64).gram()


def _add_images(backend: Backend, left: Any, right: Any) -> Any:
    return left + right


def _add(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(left + right)


def _report(backend: Backend, state: krylov.KrylovState, wanted: int) -> PassReport:
    exhausted = krylov.is_exhausted(state)
    errors = krylov.estimate_errors(state, wanted)
    return PassReport(
        state.n_passes,
        state.basis.shape[1],
        0.0 if exhausted else float(errors.max()),
        krylov.smallest_share(state, wanted),
        exhausted,
    )


def _rank(solution: krylov.TruncatedFactors, shape: tuple[int, int], dtype: str) -> int:
    return max(1, krylov.numerical_rank(solution.singular_values, shape, dtype))


def _item_factors(
    backend: Backend, solution: krylov.TruncatedFactors, shape: tuple[int, int], dtype: str
) -> Any:
    table = solution.item_factors[:, : _rank(solution, shape, dtype)]
    return backend.xp.ascontiguousarray(table)


def _user_factors(backend: Backend, block: CsrBlock, item_factors: Any) -> Any:
    rows = backend.csr(block, np.float32).times(item_factors)
    return backend.xp.ascontiguousarray(rows)


def _describe(
    solution: krylov.TruncatedFactors,
    articles: dict[str, Any],
    shape: tuple[int, int],
    squared_norm: float,
    dtype: str,
) -> dict[str, Any]:
    """Values, residuals and both variances of the components that count, as JSON values."""
    rank = _rank(solution, shape, dtype)
    sigma, item_factors = solution.singular_values[:rank], solution.item_factors[:, :rank]
    centred = explained_variance_ratio(
        sigma, item_factors, articles["column_sum"], squared_norm, shape[0]
    )
    return {
        "n_components": rank,
        "singular_values": sigma.tolist(),
        "residuals": solution.residuals[:rank].tolist(),
        "energy": energy(sigma, squared_norm).tolist(),
        "explained_variance_ratio": centred.tolist(),
    }
