"""Scores of a tile of users over all articles, dense."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.spectral.degrees import divisors
from cfdist.algorithms.spectral.filters import SpectralFilter
from cfdist.algorithms.spectral.polynomials import apply
from cfdist.algorithms.spectral.walk import TwoWays, walk_tile
from cfdist.algorithms.weighting import column_scaled

TILE_USERS = 512
"""Rows of a tile; a constant, so that scores do not depend on the number of workers."""


def filter_tile(
    histories: CsrBlock,
    spectral_filter: SpectralFilter,
    operator: Any,
    degrees: NDArray[np.floating],
    matrix: TwoWays | None = None,
) -> NDArray[np.float32]:
    """p(P) x · D_I^β of a tile of histories, float32 ``(n_rows, n_articles)``.

    Parameters
    ----------
    histories
        Rows r of the raw matrix, at most :data:`TILE_USERS` of them.
    operator
        All of R̃, as a backend hands it out.
    degrees : float64 ``(n_articles,)``
    matrix
        The same R̃ for the walk, by which the first product with P is exact and cheap. A filter
        of degree 1 then asks the operator nothing.

    Notes
    -----
    Cost: 4 · nnz · n_rows floating point operations per degree beyond the walk; five dense
    arrays of n_rows × n_articles and one of n_rows × n_users, in float32.
    """
    beta = spectral_filter.article_exponent
    scaled = column_scaled(histories, divisors(degrees, beta)) if beta else histories
    image = None if matrix is None else walk_tile(scaled, matrix)
    if image is not None and spectral_filter.history.degree == 1:
        scores = _by_walk_alone(spectral_filter, scaled, image)
    else:
        dense = np.ascontiguousarray(scaled.to_scipy().toarray().T)
        first = None if image is None else np.ascontiguousarray(image.T)
        columns = apply(spectral_filter.history, dense, lambda y: _gram_times(operator, y), first)
        scores = np.ascontiguousarray(columns.T)
    if beta:
        scores *= np.float32(np.power(degrees, beta))
    return scores


def low_rank_tile(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """left · rightᵀ, float32 ``(n_rows, n_articles)``.

    Notes
    -----
    Cost: 2 · n_rows · n_articles · n_components floating point operations. The last bits depend
    on the height of the tile: keep to :data:`TILE_USERS`.
    """
    product: NDArray[np.float32] = (left @ right.T).astype(np.float32, copy=False)
    return product


def _by_walk_alone(
    spectral_filter: SpectralFilter, scaled: CsrBlock, image: NDArray[np.float32]
) -> NDArray[np.float32]:
    """c_0 x + c_1 P x, in place of the image."""
    linear = spectral_filter.history
    constant, slope = linear.response(np.array([0.0]))[0], linear.response(np.array([1.0]))[0]
    image *= np.float32(slope - constant)
    rows = np.repeat(np.arange(scaled.shape[0]), np.diff(scaled.indptr))
    image[rows, scaled.indices] += np.float32(constant) * scaled.data
    return image


def _gram_times(operator: Any, dense: Any) -> Any:
    """P y = R̃ᵀ (R̃ y)."""
    return operator.transposed_times(operator.times(dense))
