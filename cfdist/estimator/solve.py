"""Truncated SVD of row blocks that a scheduler of Dask holds: passes, sums in a fixed tree."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dask
import numpy as np
from dask.delayed import Delayed, delayed
from numpy.typing import NDArray

from cfdist.algorithms import krylov
from cfdist.algorithms.blas import ONE_BLAS_THREAD
from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.krylov import KrylovState, TruncatedFactors
from cfdist.estimator import row_block
from cfdist.estimator.row_block import BlockFacts, RowBlock

GRAM_COLUMNS = 512
GRAM_ROWS = 4096
FLOAT32_TOLERANCE = 1e-6
"""Below, passes in float32 cannot tell whether they have arrived."""


@dataclass(frozen=True)
class Blocks:
    """Checked blocks of rows, held by a scheduler.

    Attributes
    ----------
    parts : delayed blocks, whose values are there or on their way
    heights : rows of each
    n_columns : int
    dtype : of the values, the widest
    scheduler : {"threads", None}; None: what Dask would take, a current client first
    """

    parts: Sequence[Delayed]
    heights: Sequence[int]
    n_columns: int
    dtype: Any
    scheduler: str | None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of all."""
        return sum(self.heights), self.n_columns


@dataclass(frozen=True)
class Wish:
    """What is wanted: how many components, the most passes, the error to stop at, the start."""

    n_components: int
    n_iter: int
    tol: float
    seed: int
    dtype: str


@dataclass(frozen=True)
class Solution:
    """What came out.

    Attributes
    ----------
    factors : TruncatedFactors
    n_passes : int, those that were done again in float64 included
    error : float, estimated, relative, of the singular values
    dtype : {"float32", "float64"} of the passes
    """

    factors: TruncatedFactors
    n_passes: int
    error: float
    dtype: str


@dataclass(frozen=True)
class PassReport:
    """What decides on the next pass."""

    n_passes: int
    n_basis: int
    error: float
    smallest_share: float
    is_exhausted: bool

    def needs_float64(self, wanted: int) -> bool:
        """Whether float32 is too coarse for the wanted part of the spectrum."""
        too_wide = self.n_basis >= wanted and self.smallest_share < krylov.FLOAT64_SHARE
        return too_wide or (self.is_exhausted and self.n_basis < wanted)


def hold(parts: Sequence[Delayed], scheduler: str | None) -> Blocks:
    """The blocks, checked and kept where they are computed.

    Raises
    ------
    ValueError
        What a block holds cannot be used, or the blocks differ in their number of columns.
    """
    kept = list(_persist(scheduler, *(delayed(_row_block)(part) for part in parts)))
    looks = dask.compute(*(delayed(_look)(part) for part in kept), **_choice(scheduler))
    widths = {columns for _, columns, _, _ in looks}
    if len(widths) != 1:
        raise ValueError(f"the blocks have different numbers of columns: {sorted(widths)}")
    if len({is_sparse for _, _, _, is_sparse in looks}) != 1:
        raise ValueError("some blocks are sparse and some are dense")
    dtype = np.result_type(*(dtype for _, _, dtype, _ in looks))
    return Blocks(kept, [rows for rows, _, _, _ in looks], widths.pop(), dtype, scheduler)


def facts_of(blocks: Blocks) -> BlockFacts:
    """Sums over all rows."""
    parts = [delayed(row_block.block_facts)(part) for part in blocks.parts]
    (facts,) = dask.compute(tree(row_block.add_facts, parts), **_choice(blocks.scheduler))
    return BlockFacts(*facts)


def decompose(blocks: Blocks, wish: Wish) -> Solution:
    """The truncated SVD: by the Gram matrix of the smaller side where it is small, else by passes.

    Notes
    -----
    Cost: each pass reads every block once and sums an array of n_columns × ⌈k / 2⌉; at most
    ``n_iter`` passes in float32, and as many in float64 where the spectrum asks for it.
    """
    n_rows, n_columns = blocks.shape
    if n_columns <= GRAM_COLUMNS:
        return _by_gram(blocks, wish)
    if n_rows <= GRAM_ROWS:
        whole = delayed(_decompose_rows)(list(blocks.parts), wish.n_components, wish.dtype)
        return Solution(_one(blocks, whole), 1, 0.0, "float64")
    dtype = "float32" if wish.tol >= FLOAT32_TOLERANCE else "float64"
    state, report = _iterate(blocks, wish, dtype)
    n_passes = report.n_passes
    if dtype == "float32" and report.needs_float64(wish.n_components):
        dtype = "float64"
        state, report = _iterate(blocks, wish, dtype)
        n_passes += report.n_passes
    factors = _one(blocks, delayed(_finish)(state, wish.n_components, wish.dtype))
    return Solution(factors, n_passes, report.error, dtype)


def tree(combine: Callable[[Any, Any], Any], parts: Sequence[Delayed]) -> Delayed:
    """``combine`` over neighbours of a fixed binary tree, so that sums have one order."""
    level, add = list(parts), delayed(combine)
    while len(level) > 1:
        paired = [add(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def _by_gram(blocks: Blocks, wish: Wish) -> Solution:
    total = tree(_add, [delayed(_gram)(part) for part in blocks.parts])
    factors = _one(blocks, delayed(_decompose_gram)(total, wish.n_components, wish.dtype))
    return Solution(factors, 1, 0.0, "float64")


def _iterate(blocks: Blocks, wish: Wish, dtype: str) -> tuple[Delayed, PassReport]:
    """Passes until the error is small enough, the space exhausted, or float32 will not do."""
    wanted = wish.n_components
    width = krylov.block_width(wanted, blocks.n_columns)
    max_columns = krylov.max_basis_columns(wanted)
    state = delayed(_start)(blocks.n_columns, width, wish.seed, dtype)
    while True:
        total = tree(_add, [delayed(_pass)(part, state) for part in blocks.parts])
        grown = delayed(_extend)(state, total, max_columns)
        state, told = _persist(blocks.scheduler, grown, delayed(_report)(grown, wanted))
        report: PassReport = _one(blocks, told)
        converged = report.n_basis >= wanted and report.error <= wish.tol
        if converged or report.is_exhausted or report.n_passes >= wish.n_iter:
            return state, report
        if dtype == "float32" and report.needs_float64(wanted):
            return state, report


def _choice(scheduler: str | None) -> dict[str, str]:
    return {} if scheduler is None else {"scheduler": scheduler}


def _persist(scheduler: str | None, *things: Delayed) -> tuple[Delayed, ...]:
    kept: tuple[Delayed, ...] = dask.persist(*things, **_choice(scheduler))
    return kept


def _one(blocks: Blocks, thing: Delayed) -> Any:
    return dask.compute(thing, **_choice(blocks.scheduler))[0]


def _row_block(rows: Any) -> RowBlock:
    return rows if isinstance(rows, CsrBlock) else row_block.row_block(rows)


def _look(block: RowBlock) -> tuple[int, int, Any, bool]:
    is_sparse = isinstance(block, CsrBlock)
    dtype = block.data.dtype if isinstance(block, CsrBlock) else block.dtype
    return block.shape[0], block.shape[1], dtype, is_sparse


def _start(n_columns: int, width: int, seed: int, dtype: str) -> KrylovState:
    with ONE_BLAS_THREAD:
        return krylov.start(n_columns, width, seed, dtype)


def _pass(block: RowBlock, state: KrylovState) -> NDArray[Any]:
    with ONE_BLAS_THREAD:
        return row_block.gram_times(block, state.block)


def _extend(state: KrylovState, total: NDArray[Any], max_columns: int) -> KrylovState:
    with ONE_BLAS_THREAD:
        return krylov.extend(state, total, max_columns)


def _report(state: KrylovState, wanted: int) -> PassReport:
    exhausted = krylov.is_exhausted(state)
    with ONE_BLAS_THREAD:
        error = 0.0 if exhausted else float(krylov.estimate_errors(state, wanted).max())
        share = krylov.smallest_share(state, wanted)
    return PassReport(state.n_passes, state.basis.shape[1], error, share, exhausted)


def _finish(state: KrylovState, n_components: int, dtype: str) -> TruncatedFactors:
    with ONE_BLAS_THREAD:
        return krylov.finish(state, n_components, dtype)


def _gram(block: RowBlock) -> NDArray[np.float64]:
    with ONE_BLAS_THREAD:
        return row_block.gram(block)


def _decompose_gram(gram: NDArray[np.float64], n_components: int, dtype: str) -> TruncatedFactors:
    with ONE_BLAS_THREAD:
        return krylov.decompose_gram(gram, n_components, dtype)


def _decompose_rows(blocks: list[RowBlock], n_components: int, dtype: str) -> TruncatedFactors:
    with ONE_BLAS_THREAD:
        return krylov.decompose_user_gram(row_block.FewRows(blocks), n_components, dtype)


def _add(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(left + right)
