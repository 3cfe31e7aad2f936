"""The exact product of sparse histories with P = R̃ᵀR̃, by a walk of two steps.

From a user's articles to their users, and on to the articles of those. Dense products touch every
entry of R̃ for every user; the walk touches what can be reached.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock


class TwoWays(NamedTuple):
    """R̃ by users and by articles.

    Attributes
    ----------
    by_user : ``(n_users, n_articles)``
    by_article : ``(n_articles, n_users)``, its transpose
    """

    by_user: CsrBlock
    by_article: CsrBlock

    @property
    def nbytes(self) -> int:
        """Bytes of both, for Dask."""
        return self.by_user.nbytes + self.by_article.nbytes


def walk_tile(histories: CsrBlock, matrix: TwoWays) -> NDArray[np.float32]:
    """X P of a tile of histories X, dense ``(n_rows, n_articles)``.

    Notes
    -----
    Sums are float64 in the order of the entries, so a row does not depend on its tile. Cost per
    row: the degrees of its articles and the degrees of the users reached; memory: the result and
    one row of each side.
    """
    out = np.zeros((histories.shape[0], matrix.by_user.shape[1]), dtype=np.float32)
    _walk(
        histories.indptr, histories.indices, histories.data,
        matrix.by_article.indptr, matrix.by_article.indices, matrix.by_article.data,
        matrix.by_user.indptr, matrix.by_user.indices, matrix.by_user.data,
        matrix.by_user.shape[0], out,
    )  # fmt: skip
    return out


@njit(nogil=True, cache=True)
def _walk(
    indptr, indices, data, article_indptr, article_users, article_data,
    user_indptr, user_articles, user_data, n_users, out,
):  # fmt: skip
    mass = np.zeros(n_users, np.float64)
    reached_by = np.full(n_users, -1, np.int64)
    reached = np.empty(n_users, np.int64)
    total = np.zeros(out.shape[1], np.float64)
    for row in range(out.shape[0]):
        n_reached = 0
        for e in range(indptr[row], indptr[row + 1]):
            article, weight = indices[e], np.float64(data[e])
            for a in range(article_indptr[article], article_indptr[article + 1]):
                user = article_users[a]
                if reached_by[user] != row:
                    reached_by[user] = row
                    mass[user] = 0.0
                    reached[n_reached] = user
                    n_reached += 1
                mass[user] += weight * np.float64(article_data[a])
        total[:] = 0.0
        for i in range(n_reached):
            user = reached[i]
            weight = mass[user]
            for u in range(user_indptr[user], user_indptr[user + 1]):
                total[user_articles[u]] += weight * np.float64(user_data[u])
        for article in range(out.shape[1]):
            out[row, article] = total[article]
