"""Which places of the lists hold an article that was held out, and how many up to rank k."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.evaluation.metrics.lists import check_ks, check_lists


def hit_matrix(lists: NDArray[np.int64], truth: CsrBlock) -> NDArray[np.bool_]:
    """True where the listed article is among the held-out articles of the same row.

    Parameters
    ----------
    lists : int64 ``(n_users, n)``
        Ranked article indexes, best first; −1 is an empty place and never hits.
    truth : CsrBlock ``(n_users, n_articles)``
        Held-out articles of the same users, weights ignored.

    Returns
    -------
    bool ``(n_users, n)``

    Raises
    ------
    ValueError
        Other users than in ``lists``, an article out of range, an article listed twice.

    Notes
    -----
    Cost: one binary search per place; no users × articles array.
    """
    if len(lists) != truth.shape[0]:
        raise ValueError(f"{len(lists)} lists for the held-out articles of {truth.shape[0]} users")
    check_lists(lists, truth.shape[1])
    hits = np.zeros(lists.shape, dtype=np.bool_)
    _mark_hits(lists, truth.indptr, truth.indices, hits)
    return hits


def at_ranks(running: NDArray[Any], ks: tuple[int, ...]) -> NDArray[Any]:
    """Columns of a running figure ``(n_users, n)`` at ranks ``ks``: ``(n_users, len(ks))``."""
    check_ks(ks, running.shape[1])
    return running[:, np.asarray(ks) - 1]


def hits_at(hits: NDArray[np.bool_], ks: tuple[int, ...]) -> NDArray[np.int64]:
    """Number of hits among the first k places, int64 ``(n_users, len(ks))``."""
    return at_ranks(np.cumsum(hits, axis=1, dtype=np.int64), ks)


def most_hits(n_truth: NDArray[np.int64], ks: tuple[int, ...]) -> NDArray[np.int64]:
    """Most hits that k places can have: min(k, |truth|), at least 1 so that one can divide."""
    possible = np.minimum(n_truth[:, None], np.asarray(ks, dtype=np.int64))
    return np.asarray(np.maximum(possible, 1))


def of_judged(values: NDArray[Any], n_truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """The values in float64, nan for users with nothing held out: they are not judged."""
    return np.where((n_truth > 0)[:, None], values, np.nan)


@njit(nogil=True, cache=True)
def _mark_hits(lists, indptr, indices, hits):
    for row in range(lists.shape[0]):
        held_out = indices[indptr[row] : indptr[row + 1]]
        for place in range(lists.shape[1]):
            at = np.searchsorted(held_out, lists[row, place])
            hits[row, place] = at < len(held_out) and held_out[at] == lists[row, place]
