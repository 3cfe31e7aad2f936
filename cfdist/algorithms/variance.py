"""How much of the matrix the components hold, by both definitions in use."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.namespace import namespace_of


class ColumnTotals(NamedTuple):
    """Sums over the rows of a matrix, which add up over its blocks.

    Attributes
    ----------
    nnz : stored entries
    squared_norm : ‖X‖²_F
    n_users : int64 ``(n_articles,)`` rows with a positive weight
    column_sum : float64 ``(n_articles,)``
    """

    nnz: int
    squared_norm: float
    n_users: NDArray[np.int64]
    column_sum: NDArray[np.float64]


def column_totals(block: CsrBlock) -> ColumnTotals:
    """Totals of one block, summed in float64; arrays are where the block is."""
    xp = namespace_of(block.data)
    wide = block.data.astype(np.float64)
    n_articles = block.shape[1]
    return ColumnTotals(
        block.nnz,
        float(xp.square(wide).sum()),
        xp.bincount(block.indices[block.data > 0], minlength=n_articles),
        xp.bincount(block.indices, weights=wide, minlength=n_articles).astype(np.float64),
    )


def add_totals(left: ColumnTotals, right: ColumnTotals) -> ColumnTotals:
    """Totals of two blocks together."""
    return ColumnTotals(
        left.nnz + right.nnz,
        left.squared_norm + right.squared_norm,
        left.n_users + right.n_users,
        left.column_sum + right.column_sum,
    )


def energy(singular_values: NDArray[np.float64], squared_norm: float) -> NDArray[np.float64]:
    """Share of each component in the matrix: σ² / ‖X‖²_F."""
    return np.asarray(np.square(singular_values) / squared_norm)


def explained_variance_ratio(
    singular_values: NDArray[np.float64],
    item_factors: NDArray[np.floating],
    column_sum: NDArray[np.float64],
    squared_norm: float,
    n_users: int,
) -> NDArray[np.float64]:
    """Variance of each column of XV over that of all columns of X, both centred.

    This is what ``sklearn.decomposition.TruncatedSVD`` reports under the same name. Empty where
    no column varies.
    """
    column_means = column_sum / n_users
    component_means = column_means @ item_factors.astype(np.float64)
    whole = squared_norm / n_users - float(np.square(column_means).sum())
    if whole <= 0:
        return np.empty(0)
    return np.asarray((np.square(singular_values) / n_users - np.square(component_means)) / whole)
