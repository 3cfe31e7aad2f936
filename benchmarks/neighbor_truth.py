"""Whether neighbours are the true ones: brute force in float64 over a sample of queries."""

from typing import NamedTuple

import numpy as np
from neighbor_data import Floats, Ints, K, Rows
from numpy.typing import NDArray

QUERY_BLOCK = 64
SLACK = 1e-6
"""Cosines closer than this count as equal: rows are float32, and equal rows are many."""


class Truth(NamedTuple):
    """Of a sample of queries.

    Attributes
    ----------
    queries : int64 ``(n,)`` rows
    best : float64 ``(n, k)`` the k highest cosines to other rows, descending; −2: there are fewer
    """

    queries: Ints
    best: NDArray[np.float64]


def brute_force(rows: Rows, queries: Ints, k: int = K) -> Truth:
    """The k highest cosines of each query to rows of other families."""
    wide = rows.units.astype(np.float64)
    best = np.full((len(queries), min(k, len(rows))), -2.0)
    for first in range(0, len(queries), QUERY_BLOCK):
        block = queries[first : first + QUERY_BLOCK]
        cosines = wide[block] @ wide.T
        cosines[rows.family[block][:, None] == rows.family[None, :]] = -2.0
        top = np.partition(cosines, -best.shape[1], axis=1)[:, -best.shape[1] :]
        best[first : first + len(block)] = -np.sort(-top, axis=1)
    return Truth(queries, best)


def recall(rows: Rows, truth: Truth, ids: Ints) -> float:
    """Share of the true neighbours that are listed, by their cosines: ties may be any of them.

    Parameters
    ----------
    ids : int64 ``(n, k)`` lists of ``truth.queries`` in its order; −1: an empty place
    """
    listed = _cosines(rows, truth.queries, ids)
    enough = listed >= np.maximum(truth.best[:, -1:], -1.0) - SLACK
    wanted = np.count_nonzero(truth.best > -2.0)
    return float(np.count_nonzero(enough & (ids >= 0)) / max(wanted, 1))


def largest_error(rows: Rows, truth: Truth, ids: Ints, scores: Floats) -> float:
    """Largest difference between a published cosine and the one of brute force at that rank."""
    published = np.where(ids >= 0, scores, -2.0)
    apart = np.abs(published - truth.best)
    own = np.abs(published - _cosines(rows, truth.queries, ids))
    return float(max(apart.max(initial=0), own.max(initial=0)))


def _cosines(rows: Rows, queries: Ints, ids: Ints) -> NDArray[np.float64]:
    """In float64; −2 in empty places."""
    wide = rows.units[queries].astype(np.float64)
    others = rows.units[np.maximum(ids, 0)].astype(np.float64)
    return np.where(ids >= 0, np.einsum("ij,ikj->ik", wide, others), -2.0)
