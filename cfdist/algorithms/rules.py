"""What a list may hold: some articles never, few of one category, one of each family.

Candidates are taken in their order: the first that the rules admit, and so on until N.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.lists import Blocked, Lists
from cfdist.algorithms.scoring import block_row


class Rules(NamedTuple):
    """The same rules for every list; they stay on the host.

    Attributes
    ----------
    allowed : bool ``(n_articles,)``
    category : int32 ``(n_articles,)`` code, the same within a family; −1: none, never limited
    family : int32 ``(n_articles,)`` code, equal for variants of one product
    max_per_category : int; 0: no limit
    """

    allowed: NDArray[np.bool_]
    category: NDArray[np.int32]
    family: NDArray[np.int32]
    max_per_category: int

    @property
    def on_host(self) -> tuple[str, ...]:
        """Fields that are never moved to a device."""
        return ("allowed", "category", "family")

    @property
    def denied(self) -> NDArray[np.int64]:
        """Articles that no list may hold."""
        return np.flatnonzero(~self.allowed)


def capacity(rules: Rules) -> int:
    """Entries of the longest list that the rules admit.

    Examples
    --------
    >>> allowed, category = np.array([True, True, True, False]), np.int32([0, 0, -1, -1])
    >>> capacity(Rules(allowed, category, np.arange(4, dtype=np.int32), 1))
    2
    """
    _, first = np.unique(rules.family[rules.allowed], return_index=True)
    category = rules.category[rules.allowed][first]
    limited = (category >= 0) & (rules.max_per_category > 0)
    per_category = np.bincount(category[limited])
    return int(np.minimum(per_category, rules.max_per_category).sum() + np.sum(~limited))


def family_categories(category: NDArray[np.int32], family: NDArray[np.int32]) -> NDArray[np.int32]:
    """One category per family: that of its first article which has any.

    Notes
    -----
    With one category per family the limits are nested, so taking candidates in order fills as
    many places as any other choice would.

    Examples
    --------
    >>> family_categories(np.int32([-1, 3, 5, 4]), np.int32([0, 0, 0, 1])).tolist()
    [3, 3, 3, 4]
    """
    known = np.flatnonzero(category >= 0)
    families, first = np.unique(family[known], return_index=True)
    of_family = np.full(_n_codes(family), -1, dtype=np.int32)
    of_family[families] = category[known[first]]
    return of_family[family]


def admit(lists: Lists, rows: NDArray[np.int64], candidates: Lists, rules: Rules) -> None:
    """Move candidates into free places, in order and as the rules say, in place.

    Parameters
    ----------
    rows : int64 ``(n_candidate_rows,)``
        Row of ``lists`` that each row of candidates belongs to.
    candidates : Lists of any width, without articles that are denied or owned
    """
    _admit(
        lists.articles, lists.scores, lists.sources, rows,
        candidates.articles, candidates.scores, candidates.sources,
        rules.category, rules.family, rules.max_per_category,
        _n_codes(rules.category), _n_codes(rules.family),
    )  # fmt: skip


def walk(
    lists: Lists,
    ranking: NDArray[np.int64],
    scores: NDArray[np.float32],
    blocked: CsrBlock | Blocked,
    rules: Rules,
    source: int,
) -> None:
    """Fill free places from one ranking for everybody as the rules say, in place.

    The whole ranking is walked, so a list that is still short cannot be longer.
    """
    kept = rules.allowed[ranking]
    _walk(
        lists.articles, lists.scores, lists.sources, source, ranking[kept], scores[kept],
        blocked.indptr, blocked.indices, min(lists.articles.shape[1], capacity(rules)),
        rules.category, rules.family, rules.max_per_category,
        _n_codes(rules.category), _n_codes(rules.family),
    )  # fmt: skip


def _n_codes(codes: NDArray[np.int32]) -> int:
    return int(codes.max(initial=-1)) + 1


@njit(nogil=True, cache=True)
def _take(article, row, category, family, limit, taken_by, counted_by, count):
    """Whether the row's list may hold the article; if so, it is counted as held."""
    code = category[article]
    if taken_by[family[article]] == row:
        return False
    if code >= 0:
        if counted_by[code] != row:
            counted_by[code] = row
            count[code] = 0
        if limit > 0 and count[code] >= limit:
            return False
        count[code] += 1
    taken_by[family[article]] = row
    return True


@njit(nogil=True, cache=True)
def _n_held(articles, row, category, family, taken_by, counted_by, count):
    """Number of entries in the row's list, each counted as held."""
    place = 0
    while place < articles.shape[1] and articles[row, place] >= 0:
        _take(articles[row, place], row, category, family, 0, taken_by, counted_by, count)
        place += 1
    return place


@njit(nogil=True, cache=True)
def _admit(
    articles, scores, sources, rows, new_articles, new_scores, new_sources,
    category, family, limit, n_categories, n_families,
):  # fmt: skip
    taken_by = np.full(n_families, -1, np.int64)
    counted_by = np.full(n_categories, -1, np.int64)
    count = np.zeros(n_categories, np.int64)
    for new in range(len(rows)):
        row = rows[new]
        place = _n_held(articles, row, category, family, taken_by, counted_by, count)
        for i in range(new_articles.shape[1]):
            article = new_articles[new, i]
            if place == articles.shape[1] or article < 0:
                break
            if _take(article, row, category, family, limit, taken_by, counted_by, count):
                articles[row, place] = article
                scores[row, place] = new_scores[new, i]
                sources[row, place] = new_sources[new, i]
                place += 1


@njit(nogil=True, cache=True)
def _walk(
    articles, scores, sources, source, ranking, ranked_scores, owned_indptr, owned_indices,
    longest, category, family, limit, n_categories, n_families,
):  # fmt: skip
    blocked = np.full(len(family), -1, np.int64)
    taken_by = np.full(n_families, -1, np.int64)
    counted_by = np.full(n_categories, -1, np.int64)
    count = np.zeros(n_categories, np.int64)
    for row in range(articles.shape[0]):
        block_row(blocked, row, articles, owned_indptr, owned_indices)
        place = _n_held(articles, row, category, family, taken_by, counted_by, count)
        for i in range(len(ranking)):
            if place >= longest:
                break
            article = ranking[i]
            if blocked[article] != row and _take(
                article, row, category, family, limit, taken_by, counted_by, count
            ):
                articles[row, place] = article
                scores[row, place] = ranked_scores[i]
                sources[row, place] = source
                place += 1
