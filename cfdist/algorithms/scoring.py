"""Scores of articles for users, masked, ranked and filled up to N, row by row.

Every score is summed in float64 in a fixed order and rounded to float32; lists are ordered by
(−score, article). Dense scores exist for a tile of users at a time only.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.exact_neighbors import dot64, insert_sorted, slacks
from cfdist.algorithms.lists import Blocked, Lists, Ranking, denied_of
from cfdist.algorithms.namespace import namespace_of

TILE_ROWS = 512
TILE_ARTICLES = 4096
NEVER = np.iinfo(np.int64).max


def fill_through(
    lists: Lists, weights: CsrBlock, table: CsrBlock, blocked: CsrBlock | Blocked, source: int
) -> None:
    """Fill free places by the weighted mean of ``table``'s rows, in place.

    The score of article a for row r is Σ_e w_re · table_ea / Σ_e w_re over the entries e of row
    r of ``weights`` that are positive: the share (or mean weight) of a among similar users, or
    the mean similarity of a to the articles in a history.
    """
    _fill_through(
        lists.articles, lists.scores, lists.sources, source,
        weights.indptr, weights.indices, weights.data,
        table.indptr, table.indices, table.data,
        blocked.indptr, blocked.indices, denied_of(blocked), table.shape[1],
    )  # fmt: skip


def mean_through(weights: CsrBlock, table: CsrBlock) -> NDArray[np.float32]:
    """The scores of :func:`fill_through` as a dense ``(n_rows, n_articles)`` tile."""
    tile = np.zeros((weights.shape[0], table.shape[1]), dtype=np.float32)
    _mean_through(
        tile, weights.indptr, weights.indices, weights.data,
        table.indptr, table.indices, table.data,
    )  # fmt: skip
    return tile


def fill_dense(
    lists: Lists, tile: NDArray[np.float32], first: int, blocked: CsrBlock | Blocked, source: int
) -> None:
    """Fill free places of the rows from ``first`` on by dense scores, in place.

    Scores ≤ 0 are offered, too; −inf and NaN are not.
    """
    rows = slice(first, first + len(tile))
    _fill_dense(
        lists.articles[rows], lists.scores[rows], lists.sources[rows], source, tile,
        blocked.indptr[first : first + len(tile) + 1], blocked.indices, denied_of(blocked),
    )  # fmt: skip


def fill_latent(
    lists: Lists,
    user_factors: NDArray[np.float32],
    item_factors: NDArray[np.float32],
    blocked: CsrBlock | Blocked,
    source: int,
) -> None:
    """Fill free places by the product of factors (PureSVD), in place.

    References
    ----------
    Cremonesi, Koren, Turrin: Performance of recommender algorithms on top-N recommendation
    tasks, RecSys 2010, equation 8.
    """
    is_denied = np.zeros(len(item_factors), dtype=bool)
    is_denied[denied_of(blocked)] = True
    longest = float(np.sqrt(np.square(item_factors.astype(np.float64)).sum(axis=1).max()))
    for first in range(0, len(user_factors), TILE_ROWS):
        rows = slice(first, first + TILE_ROWS)
        users = np.ascontiguousarray(user_factors[rows])
        lengths = np.sqrt(np.square(users.astype(np.float64)).sum(axis=1))
        share = 2 * slacks(users.shape[1])[0]
        slack = (share * longest * lengths).astype(np.float32)
        filled = np.count_nonzero(lists.articles[rows] >= 0, axis=1)
        for start in range(0, len(item_factors), TILE_ARTICLES):
            products = users @ item_factors[start : start + TILE_ARTICLES].T
            _offer_tile(
                products, start, users, item_factors, slack, filled,
                lists.articles[rows], lists.scores[rows], lists.sources[rows], source,
                blocked.indptr[first : first + len(users) + 1], blocked.indices, is_denied,
            )  # fmt: skip


def fill_ranked(
    lists: Lists,
    ranking: NDArray[np.int64],
    scores: NDArray[np.float32],
    blocked: CsrBlock | Blocked,
    source: int,
) -> None:
    """Fill free places from one ranking for everybody, in place."""
    kept = ~np.isin(ranking, denied_of(blocked))
    _fill_ranked(
        lists.articles, lists.scores, lists.sources, source,
        ranking[kept], scores[kept], blocked.indptr, blocked.indices, blocked.shape[1],
    )  # fmt: skip


def fill_sparse(lists: Lists, scores: CsrBlock, blocked: CsrBlock | Blocked, source: int) -> None:
    """Fill free places of each row by its own stored scores above 0, in place."""
    _fill_sparse(
        lists.articles, lists.scores, lists.sources, source,
        scores.indptr, scores.indices, scores.data,
        blocked.indptr, blocked.indices, denied_of(blocked), scores.shape[1],
    )  # fmt: skip


def rank_popular(articles: dict[str, NDArray[np.int64]], n_users: int) -> Ranking:
    """Articles by the share of users who took them."""
    held = articles["n_users"]
    ranking = namespace_of(held).argsort(-held, kind="stable").astype(np.int64)
    return Ranking(ranking, (held[ranking] / n_users).astype(np.float32))


@njit(nogil=True, cache=True)
def _blocking(n_articles, denied):
    """Stamps per article: blocked for a row where the stamp is not below the row."""
    stamp = np.full(n_articles, -1, np.int64)
    for article in denied:
        stamp[article] = NEVER
    return stamp


@njit(nogil=True, cache=True)
def block_row(stamp, row, articles, owned_indptr, owned_indices):
    """Mark what the row owns or lists already; returns the number of listed articles."""
    for e in range(owned_indptr[row], owned_indptr[row + 1]):
        stamp[owned_indices[e]] = max(stamp[owned_indices[e]], row)
    filled = 0
    while filled < articles.shape[1] and articles[row, filled] >= 0:
        stamp[articles[row, filled]] = max(stamp[articles[row, filled]], row)
        filled += 1
    return filled


@njit(nogil=True, cache=True)
def _fill_through(
    articles, scores, sources, source, weight_indptr, weight_indices, weight_data,
    table_indptr, table_indices, table_data, owned_indptr, owned_indices, denied, n_articles,
):  # fmt: skip
    n = articles.shape[1]
    blocked = _blocking(n_articles, denied)
    touched_by = np.full(n_articles, -1, np.int64)
    total = np.zeros(n_articles, np.float64)
    touched = np.empty(n_articles, np.int64)
    for row in range(articles.shape[0]):
        filled = block_row(blocked, row, articles, owned_indptr, owned_indices)
        if filled == n:
            continue
        n_touched, mass = 0, 0.0
        for e in range(weight_indptr[row], weight_indptr[row + 1]):
            weight = np.float64(weight_data[e])
            if weight <= 0:
                continue
            mass += weight
            other = weight_indices[e]
            for t in range(table_indptr[other], table_indptr[other + 1]):
                article = table_indices[t]
                if table_data[t] <= 0 or blocked[article] >= row:
                    continue
                if touched_by[article] != row:
                    touched_by[article] = row
                    total[article] = 0.0
                    touched[n_touched] = article
                    n_touched += 1
                total[article] += weight * np.float64(table_data[t])
        free_articles, free_scores = articles[row, filled:], scores[row, filled:]
        for i in range(n_touched):
            article = touched[i]
            score = np.float32(total[article] / mass)
            if score > 0 and score >= free_scores[-1]:
                insert_sorted(free_articles, free_scores, article, score)
        for place in range(filled, n):
            if articles[row, place] >= 0:
                sources[row, place] = source


@njit(nogil=True, cache=True)
def _mean_through(
    tile, weight_indptr, weight_indices, weight_data, table_indptr, table_indices, table_data
):
    total = np.zeros(tile.shape[1], np.float64)
    for row in range(tile.shape[0]):
        mass = 0.0
        for e in range(weight_indptr[row], weight_indptr[row + 1]):
            weight = np.float64(weight_data[e])
            if weight <= 0:
                continue
            mass += weight
            other = weight_indices[e]
            for t in range(table_indptr[other], table_indptr[other + 1]):
                if table_data[t] > 0:
                    total[table_indices[t]] += weight * np.float64(table_data[t])
        if mass > 0:
            for article in range(tile.shape[1]):
                tile[row, article] = np.float32(total[article] / mass)
                total[article] = 0.0


@njit(nogil=True, cache=True)
def _fill_dense(
    articles, scores, sources, source, tile, owned_indptr, owned_indices, denied
):  # fmt: skip
    n = articles.shape[1]
    stamp = _blocking(tile.shape[1], denied)
    for row in range(tile.shape[0]):
        first = block_row(stamp, row, articles, owned_indptr, owned_indices)
        if first == n:
            continue
        threshold = np.float32(-np.inf)
        for article in range(tile.shape[1]):
            score = tile[row, article]
            if score > threshold and stamp[article] < row:
                _insert_any(articles[row, first:], scores[row, first:], article, score)
                if articles[row, n - 1] >= 0:
                    threshold = scores[row, n - 1]
        for p in range(first, n):
            if articles[row, p] >= 0:
                sources[row, p] = source


@njit(nogil=True, cache=True)
def _offer_tile(
    products, start, users, items, slack, filled, articles, scores, sources, source,
    owned_indptr, owned_indices, is_denied,
):  # fmt: skip
    n = articles.shape[1]
    for row in range(products.shape[0]):
        first = filled[row]
        if first == n:
            continue
        threshold = scores[row, n - 1] - slack[row]
        if articles[row, n - 1] < 0:
            threshold = -np.inf
        owned = owned_indices[owned_indptr[row] : owned_indptr[row + 1]]
        for j in range(products.shape[1]):
            if products[row, j] < threshold:
                continue
            article = start + j
            if is_denied[article]:
                continue
            place = np.searchsorted(owned, article)
            if place < len(owned) and owned[place] == article:
                continue
            listed = False
            for p in range(first):
                listed = listed or articles[row, p] == article
            if listed:
                continue
            _insert_any(
                articles[row, first:], scores[row, first:], article,
                dot64(users[row], items[article]),
            )  # fmt: skip
            if articles[row, n - 1] >= 0:
                threshold = scores[row, n - 1] - slack[row]
        for p in range(first, n):
            if articles[row, p] >= 0:
                sources[row, p] = source


@njit(nogil=True, cache=True)
def _insert_any(articles, scores, article, score):
    """Insert by (−score, article) where scores may be any number, free places last."""
    place = len(articles) - 1
    if articles[place] >= 0 and (
        score < scores[place] or (score == scores[place] and articles[place] < article)
    ):
        return
    while place > 0 and (
        articles[place - 1] < 0
        or scores[place - 1] < score
        or (scores[place - 1] == score and articles[place - 1] > article)
    ):
        articles[place] = articles[place - 1]
        scores[place] = scores[place - 1]
        place -= 1
    articles[place] = article
    scores[place] = score


@njit(nogil=True, cache=True)
def _fill_ranked(
    articles, scores, sources, source, ranking, ranked_scores, owned_indptr, owned_indices,
    n_articles,
):  # fmt: skip
    n = articles.shape[1]
    blocked = np.full(n_articles, -1, np.int64)
    for row in range(articles.shape[0]):
        place = block_row(blocked, row, articles, owned_indptr, owned_indices)
        for i in range(len(ranking)):
            if place == n:
                break
            if blocked[ranking[i]] != row:
                articles[row, place] = ranking[i]
                scores[row, place] = ranked_scores[i]
                sources[row, place] = source
                place += 1


@njit(nogil=True, cache=True)
def _fill_sparse(
    articles, scores, sources, source, indptr, indices, data, owned_indptr, owned_indices,
    denied, n_articles,
):  # fmt: skip
    n = articles.shape[1]
    blocked = _blocking(n_articles, denied)
    for row in range(articles.shape[0]):
        filled = block_row(blocked, row, articles, owned_indptr, owned_indices)
        if filled == n:
            continue
        free_articles, free_scores = articles[row, filled:], scores[row, filled:]
        for e in range(indptr[row], indptr[row + 1]):
            if data[e] > 0 and blocked[indices[e]] < row:
                insert_sorted(free_articles, free_scores, indices[e], data[e])
        for place in range(filled, n):
            if articles[row, place] >= 0:
                sources[row, place] = source
