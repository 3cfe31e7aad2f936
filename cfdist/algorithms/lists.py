"""Ranked lists of a block of users, on the host, and what they may not hold."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted, take_rows
from cfdist.algorithms.exact_neighbors import NOTHING
from cfdist.algorithms.namespace import lexsort, namespace_of


class Lists(NamedTuple):
    """Ranked articles of a block of users, on the host; places not yet filled hold article −1.

    Attributes
    ----------
    articles : int64 ``(n_rows, n)``
    scores : float32 ``(n_rows, n)``
    sources : int8 ``(n_rows, n)`` which recommender, by the caller's numbering
    """

    articles: NDArray[np.int64]
    scores: NDArray[np.float32]
    sources: NDArray[np.int8]

    @classmethod
    def empty(cls, n_rows: int, n: int) -> "Lists":
        """Lists in which every place is free."""
        return cls(
            np.full((n_rows, n), -1, dtype=np.int64),
            np.full((n_rows, n), NOTHING, dtype=np.float32),
            np.full((n_rows, n), -1, dtype=np.int8),
        )

    def part(self, rows: slice | NDArray[np.integer]) -> "Lists":
        """The named rows: the same memory for a slice, a copy for indexes."""
        return Lists(self.articles[rows], self.scores[rows], self.sources[rows])

    def put(self, rows: NDArray[np.integer], part: "Lists") -> None:
        """Replace the named rows."""
        self.articles[rows], self.scores[rows], self.sources[rows] = part


class Blocked(NamedTuple):
    """What lists may not hold: some articles for each row, others for all.

    Attributes
    ----------
    owned : CsrBlock ``(n_rows, n_articles)``; its weights do not matter
    denied : int64 ``(n_denied,)`` articles that no list may hold
    """

    owned: CsrBlock
    denied: NDArray[np.int64]

    @property
    def indptr(self) -> NDArray[np.int64]:
        """Where the articles of each row begin."""
        return self.owned.indptr

    @property
    def indices(self) -> NDArray[np.int32]:
        """The articles of the rows."""
        return self.owned.indices

    @property
    def shape(self) -> tuple[int, int]:
        """``(n_rows, n_articles)``."""
        return self.owned.shape

    def take(self, rows: NDArray[np.integer]) -> "Blocked":
        """The named rows, in the order given."""
        return Blocked(take_rows(self.owned, rows), self.denied)


class Ranking(NamedTuple):
    """One ranking for everybody, which stays on the host.

    Attributes
    ----------
    articles : int64 ``(n_articles,)`` best first
    scores : float32 ``(n_articles,)``
    """

    articles: NDArray[np.int64]
    scores: NDArray[np.float32]

    @property
    def on_host(self) -> tuple[str, ...]:
        """Fields that are never moved to a device."""
        return self._fields


def denied_of(blocked: CsrBlock | Blocked) -> NDArray[np.int64]:
    """The articles that no row may list, int64 ``(n_denied,)``, where ``blocked`` is."""
    if isinstance(blocked, Blocked):
        return blocked.denied
    nobody: NDArray[np.int64] = namespace_of(blocked.indptr).empty(0, np.int64)
    return nobody


def take_blocked(blocked: CsrBlock | Blocked, rows: NDArray[np.integer]) -> CsrBlock | Blocked:
    """What the named rows may not hold, in the order given."""
    return blocked.take(rows) if isinstance(blocked, Blocked) else take_rows(blocked, rows)


def short_rows(lists: Lists) -> NDArray[np.int64]:
    """The rows with a free place, ascending."""
    return np.flatnonzero(lists.articles[:, -1] < 0)


def merge_ranked(
    lists: Lists,
    rows: NDArray[np.int64],
    articles: NDArray[np.int64],
    scores: NDArray[np.float32],
    source: int,
) -> None:
    """Fill free places from candidates in their order, in place; what is listed is skipped.

    Parameters
    ----------
    rows : int64 ``(n_candidate_rows,)``
        Row of ``lists`` that each row of candidates belongs to.
    articles, scores : ``(n_candidate_rows, k)``
        Best first; −1: no more. With k the length of a list, places stay free only where there is
        nothing left.
    """
    _merge_ranked(lists.articles, lists.scores, lists.sources, source, rows, articles, scores)


def rows_of_lists(ids: NDArray[np.int64], values: NDArray[np.floating], n_columns: int) -> CsrBlock:
    """Lists with −1 for none as a canonical block, where the lists are."""
    row, place = namespace_of(ids).nonzero(ids >= 0)
    column, value = ids[row, place], values[row, place]
    order = lexsort((column, row))
    return csr_from_sorted(row[order], column[order], value[order], (len(ids), n_columns))


@njit(nogil=True, cache=True)
def _merge_ranked(articles, scores, sources, source, rows, new_articles, new_scores):
    n = articles.shape[1]
    for new in range(len(rows)):
        row, filled = rows[new], 0
        while filled < n and articles[row, filled] >= 0:
            filled += 1
        place = filled
        for i in range(new_articles.shape[1]):
            article = new_articles[new, i]
            if place == n or article < 0:
                break
            listed = False
            for p in range(filled):
                listed = listed or articles[row, p] == article
            if not listed:
                articles[row, place] = article
                scores[row, place] = new_scores[new, i]
                sources[row, place] = source
                place += 1
