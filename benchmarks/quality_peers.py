"""Well-known methods as others implement them: implicit's ALS, cosine item-kNN, EASE.

Each is a function from the train matrix to scores of a run of users, dense. Lists come from the
same search for all: highest score first, equal scores by popularity, so that empty places are
filled with popular articles as the product fills its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Scores = Callable[[slice], Floats]
"""Dense scores ``(n_rows, n_articles)`` of a run of users."""

USERS_AT_ONCE = 256


@dataclass(frozen=True)
class Peer:
    """One method with one setting of its grid.

    Attributes
    ----------
    name : str
        The method: settings of one name compete, and one of them is shown.
    settings : dict
        What is handed to ``fit``.
    fit : from the train matrix and the settings to :data:`Scores`
    """

    name: str
    settings: Mapping[str, Any]
    fit: Callable[..., Scores]

    @property
    def label(self) -> str:
        """Name and settings."""
        return " ".join([self.name, *(f"{key}={value}" for key, value in self.settings.items())])


def peers() -> list[Peer]:
    """Every method with its grid."""
    return [
        *(
            Peer(
                "ALS (implicit)",
                {"factors": factors, "alpha": alpha, "regularization": ridge},
                als,
            )
            for factors in (32, 128)
            for alpha in (1.0, 10.0)
            for ridge in (0.01, 10.0)
        ),
        *(
            Peer("item-kNN cosine", {"n_neighbors": n, "binary": binary}, item_knn)
            for n in (20, 100, 500)
            for binary in (True, False)
        ),
        *(
            Peer("EASE", {"ridge": ridge, "binary": True}, ease)
            for ridge in (30.0, 100.0, 300.0, 1000.0)
        ),
    ]  # fmt: skip


def als(train: sp.csr_matrix, *, factors: int, alpha: float, regularization: float) -> Scores:
    """Weighted matrix factorization by alternating least squares, 15 rounds.

    References
    ----------
    Hu, Koren, Volinsky: Collaborative filtering for implicit feedback datasets, ICDM 2008.
    """
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=factors, alpha=alpha, regularization=regularization, random_state=0
    )
    model.fit(train, show_progress=False)
    users, articles = model.user_factors, model.item_factors
    return lambda rows: users[rows] @ articles.T


def item_knn(train: sp.csr_matrix, *, n_neighbors: int, binary: bool) -> Scores:
    """Sum of cosines between columns, each article keeping its nearest ones.

    Notes
    -----
    An article is among its own neighbours, as implicit has it.
    """
    from implicit.nearest_neighbours import ItemItemRecommender

    weights = _ones(train) if binary else train
    norms = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=0)).ravel())
    units = (weights @ sp.diags(1 / np.maximum(norms, 1e-12))).tocsr().astype(np.float64)
    model = ItemItemRecommender(K=n_neighbors + 1)
    model.fit(units, show_progress=False)
    near = model.similarity.tocsr()
    return lambda rows: (weights[rows] @ near).toarray()


def ease(train: sp.csr_matrix, *, ridge: float, binary: bool) -> Scores:
    """Exact EASE through whichever Gram matrix is smaller, that of users or of articles.

    Notes
    -----
    With K = XXᵀ + λI the inverse over the articles is P = (I − XᵀK⁻¹X) / λ, so XP = K⁻¹X and
    P_jj = (1 − x_jᵀK⁻¹x_j) / λ. The weights B = I − P · diag(1 / P_jj) have a diagonal of zeros,
    and the scores are XB = X − XP · diag(1 / P_jj). Where users are fewer, no articles² array is
    needed and no article left out.

    References
    ----------
    Steck: Embarrassingly shallow autoencoders for sparse data, WWW 2019.
    """
    weights = (_ones(train) if binary else train).astype(np.float64)
    n_users, n_articles = weights.shape
    if n_users <= n_articles:
        inverse = _inverse((weights @ weights.T).toarray(), ridge)
        product = np.asarray((weights.T @ inverse).T)  # K⁻¹X, K symmetric
        diagonal = (1 - np.asarray(weights.multiply(product).sum(axis=0)).ravel()) / ridge
    else:
        inverse = _inverse((weights.T @ weights).toarray(), ridge)
        product, diagonal = np.asarray(weights @ inverse), inverse.diagonal().copy()
    product /= -diagonal
    return lambda rows: product[rows] + weights[rows].toarray()


def _inverse(gram: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    gram[np.diag_indices_from(gram)] += ridge
    factor = scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True)
    return np.asarray(scipy.linalg.cho_solve(factor, np.eye(len(gram)), overwrite_b=True))


def best_articles(
    scores: Scores, train: sp.csr_matrix, n: int, *, with_owned: bool
) -> NDArray[np.int64]:
    """The ``n`` articles with the highest scores for every user, int64 ``(n_users, n)``.

    Parameters
    ----------
    with_owned : bool
        False: articles of the user's train row are left out.

    Notes
    -----
    Equal scores are ordered by popularity, then by index.
    """
    popularity = np.bincount(train.indices, minlength=train.shape[1])
    by_popularity = np.argsort(-popularity, kind="stable")
    place_of = np.argsort(by_popularity, kind="stable")
    found = np.empty((train.shape[0], n), dtype=np.int64)
    for first in range(0, train.shape[0], USERS_AT_ONCE):
        rows = slice(first, min(first + USERS_AT_ONCE, train.shape[0]))
        tile = np.asarray(scores(rows))[:, by_popularity]
        for place, user in enumerate(range(rows.start, rows.stop)):
            if not with_owned:
                owned = train.indices[train.indptr[user] : train.indptr[user + 1]]
                tile[place, place_of[owned]] = -np.inf
            found[user] = by_popularity[_first_places(tile[place], n)]
    return found


def _first_places(row: Floats, n: int) -> NDArray[np.int64]:
    """Places of the n largest values; equal ones in their order."""
    least = np.partition(row, len(row) - n)[len(row) - n]
    above = np.flatnonzero(row >= least)
    return above[np.argsort(-row[above], kind="stable")[:n]]


def _ones(train: sp.csr_matrix) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones_like(train.data), train.indices, train.indptr), train.shape)
