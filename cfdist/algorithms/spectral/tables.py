"""Factor tables: the low-rank part of a score as a plain inner product, left · right."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.spectral.degrees import divisors
from cfdist.algorithms.spectral.filters import SpectralFilter
from cfdist.algorithms.spectral.polynomials import apply

Factors = NDArray[np.floating]


class FactorTables(NamedTuple):
    """Article tables of a low-rank score; the left vector of a user is r @ fold_in.

    Attributes
    ----------
    fold_in : float32 ``(n_articles, n_components)`` from histories to left vectors
    right : float32 ``(n_articles, n_components)`` right vectors, one per article
    """

    fold_in: NDArray[np.float32]
    right: NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        """Bytes of both tables, for Dask."""
        return int(self.fold_in.nbytes + self.right.nbytes)


def low_pass_tables(
    spectral_filter: SpectralFilter,
    item_factors: Factors,
    degrees: NDArray[np.floating],
    operator: Any,
) -> FactorTables:
    """Tables of w · r D_I^−γ V (q(P) D_I^γ V)ᵀ.

    Parameters
    ----------
    item_factors : ``(n_articles, k)``
        V of R̃, of which the filter's first ``n_components`` columns are used.
    degrees : float64 ``(n_articles,)``
    operator
        R̃, as a backend hands it out; asked only where q is more than a constant.

    Notes
    -----
    P and D_I do not commute, so q(P) goes to the right table once: its degree in products of R̃
    with ``n_components`` columns.
    """
    chosen = item_factors[:, : spectral_filter.n_components].astype(np.float64)
    gamma = spectral_filter.low_pass_exponent
    weight = spectral_filter.low_pass_weight * divisors(degrees, gamma)
    right = _narrow(np.power(degrees, gamma)[:, None] * chosen)
    filtered = apply(
        spectral_filter.low_pass, right, lambda y: operator.transposed_times(operator.times(y))
    )
    return FactorTables(_narrow(weight[:, None] * chosen), filtered)


def pure_svd_tables(item_factors: Factors) -> FactorTables:
    """Tables of r V Vᵀ.

    Notes
    -----
    With V of R this is PureSVD; with V of R D_I^(s−1), see
    :func:`cfdist.algorithms.weighting.column_scaled`, popular articles lose the more, the
    smaller s is.

    References
    ----------
    Cremonesi, Koren, Turrin, RecSys 2010. Nikolakopoulos, Kalantzis, Gallopoulos, Garofalakis:
    EigenRec, Knowledge and Information Systems 58 (2019).
    """
    narrow = _narrow(item_factors)
    return FactorTables(narrow, narrow)


def user_vectors(
    normalized: Any, item_factors: Factors, singular_values: NDArray[np.floating], power: float = 0
) -> NDArray[np.float32]:
    """U σ^power = R̃ V σ^(power − 1) of a block of users, float32 ``(n_rows, n_components)``.

    Parameters
    ----------
    normalized
        The block's rows of R̃, as a backend hands them out.

    Notes
    -----
    ``user_vectors(…, β)`` and :func:`article_vectors` with β are the weighted spectrum of Peng,
    Liu, Sugiyama, Mine: How powerful is graph filtering for recommendation?, KDD 2024.
    """
    lifted = item_factors.astype(np.float64) * _powers(singular_values, power - 1)
    return np.asarray(normalized.times(_narrow(lifted)), dtype=np.float32)


def article_vectors(
    item_factors: Factors, singular_values: NDArray[np.floating], power: float
) -> NDArray[np.float32]:
    """V σ^power, float32 ``(n_articles, n_components)``."""
    return _narrow(item_factors.astype(np.float64) * _powers(singular_values, power))


def svd_ae_right(matrix: Any, left: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rᵀ U, float32 ``(n_articles, n_components)``: the right table of U Uᵀ R.

    Parameters
    ----------
    matrix
        R itself, as a backend hands it out; of a block of users the result is that block's
        summand.
    left : float32 ``(n_rows, n_components)``
        U of the normalised matrix, by :func:`user_vectors`.

    References
    ----------
    Hong, Choi, Lee, Kumar, Park: SVD-AE, IJCAI 2024.
    """
    return np.asarray(matrix.transposed_times(left), dtype=np.float32)


def _powers(singular_values: NDArray[np.floating], power: float) -> NDArray[np.float64]:
    """σ^power; 0 for components without a singular value."""
    return divisors(singular_values, -power)


def _narrow(table: Factors) -> NDArray[np.float32]:
    return np.asarray(table, dtype=np.float32)
