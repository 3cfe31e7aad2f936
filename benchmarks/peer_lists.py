"""The peer's lists for users: neighbours' weighted histories, owned masked, filled with popular."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

N_RECOMMENDATIONS = 10
USER_BLOCK = 65_536

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Array = NDArray[Any]


def neighbor_lists(matrix: sp.csr_matrix, ids: Ints, cosines: Floats) -> tuple[Ints, Floats]:
    """Ten articles for every user, and their scores.

    Parameters
    ----------
    ids, cosines : ``(n_users, k)``
        Similar users of each user.

    Returns
    -------
    articles : int64 ``(n_users, 10)``, best first, −1 where the catalogue is too small
    scores : float32, the mean of the neighbours' weights; of popular articles the share of users
    """
    n = min(N_RECOMMENDATIONS, matrix.shape[1])
    articles = np.full((matrix.shape[0], n), -1, dtype=np.int64)
    scores = np.zeros(articles.shape, dtype=np.float32)
    popularity = np.bincount(matrix.indices, minlength=matrix.shape[1]) / matrix.shape[0]
    for first in range(0, matrix.shape[0], USER_BLOCK):
        block = slice(first, first + USER_BLOCK)
        owned = matrix[block]
        found = _mask(_weights(ids[block], cosines[block], len(articles)) @ matrix, owned)
        row, rank, column, score = top_of_rows(found, n)
        articles[block][row, rank] = column
        scores[block][row, rank] = score
        _fill(articles[block], scores[block], owned, popularity)
    return articles, scores


def top_of_rows(matrix: sp.csr_matrix, n: int) -> tuple[Array, Array, Array, Array]:
    """Row, rank, column and value of the n largest positive entries of each row.

    One sort of one float64 key: NumPy sorts those with vector instructions, several times as fast
    as a sort by two keys.
    """
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    positive = np.flatnonzero(matrix.data > 0)
    row, value, column = row[positive], matrix.data[positive], matrix.indices[positive]
    largest = float(value.max(initial=1))
    order = np.argsort(row + 0.5 - value.astype(np.float64) / (2.5 * largest))
    row = row[order]
    starts = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=matrix.shape[0]))))
    rank = np.arange(len(row)) - starts[row]
    best = rank < n
    return row[best], rank[best], column[order][best], value[order][best]


def _weights(ids: Ints, cosines: Floats, n_users: int) -> sp.csr_matrix:
    """Positive cosines, divided by their sum, as a sparse matrix."""
    weights = np.maximum(cosines, 0)
    sums = weights.sum(axis=1, keepdims=True)
    weights = weights / np.where(sums > 0, sums, 1)
    indptr = np.arange(len(ids) + 1) * ids.shape[1]
    return sp.csr_matrix((weights.ravel(), ids.ravel(), indptr), shape=(len(ids), n_users))


def _mask(scores: sp.csr_matrix, owned: sp.csr_matrix) -> sp.csr_matrix:
    """Scores, far below zero where the user owns the article."""
    penalty = owned.copy()
    penalty.data = np.full_like(penalty.data, 1e6)
    return sp.csr_matrix(scores - penalty)


def _fill(
    articles: Ints, scores: Floats, owned: sp.csr_matrix, popularity: NDArray[np.float64]
) -> None:
    """Popular articles in the free places of short lists, in place."""
    n = articles.shape[1]
    filled = np.count_nonzero(articles >= 0, axis=1)
    short = np.flatnonzero(filled < n)
    if not len(short):
        return
    history = owned[short]
    head = np.argsort(-popularity, kind="stable")[: n + int(np.diff(history.indptr).max()) + n]
    taken = _taken(articles[short], history, head)
    place = filled[short, None] + np.cumsum(~taken, axis=1) - 1
    row, column = np.nonzero(~taken & (place < n))
    articles[short[row], place[row, column]] = head[column]
    scores[short[row], place[row, column]] = popularity[head[column]]


def _taken(articles: Ints, history: sp.csr_matrix, head: Ints) -> NDArray[np.bool_]:
    """Which of the articles in ``head`` each user owns or has in the list."""
    place = np.full(history.shape[1], -1)
    place[head] = np.arange(len(head))
    taken = np.zeros((len(articles), len(head)), dtype=bool)
    row, rank = np.nonzero(articles >= 0)
    owner = np.repeat(np.arange(len(articles)), np.diff(history.indptr))
    for user, article in ((row, articles[row, rank]), (owner, history.indices)):
        in_head = place[article] >= 0
        taken[user[in_head], place[article[in_head]]] = True
    return taken
