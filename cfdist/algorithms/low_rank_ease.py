"""EASE from a truncated SVD: no articles × articles array, no inverse.

With R ≈ U Σ Vᵀ the inverse of RᵀR + λI is λ⁻¹(I − V W Vᵀ), W = diag(σ² / (σ² + λ)). Its diagonal is
λ⁻¹(1 − h) with h_j = Σ_k w_k V_jk², and off the diagonal the weights of EASE are
B_ij = (V W Vᵀ)_ij / (1 − h_j). An article that is not in the history r scores
(r V W) · V_j / (1 − h_j).

References
----------
Steck: Embarrassingly shallow autoencoders for sparse data, WWW 2019.
"""

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.spectral.tables import FactorTables


def ease_tables(
    item_factors: NDArray[np.floating],
    singular_values: NDArray[np.floating],
    regularization: float,
) -> FactorTables:
    """Tables whose inner products are the scores of EASE, exact at full rank.

    Parameters
    ----------
    item_factors : ``(n_articles, n_components)``
        V of the raw matrix.
    singular_values : ``(n_components,)``
    regularization
        λ > 0.

    Notes
    -----
    Scores hold for articles outside the history; EASE gives an article no weight on itself, and
    these tables do. Cost: one pass over V.
    """
    wide = item_factors.astype(np.float64)
    squares = np.square(singular_values.astype(np.float64))
    weights = squares / (squares + regularization)
    leverage = np.square(wide) @ weights
    # 1 − h cannot be smaller than 1 − w_1; rounding of V could make it so
    smallest = regularization / (squares.max(initial=0.0) + regularization)
    rest = np.maximum(1 - leverage, smallest)
    right = wide / rest[:, None]
    return FactorTables((wide * weights).astype(np.float32), right.astype(np.float32))
