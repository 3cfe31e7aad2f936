"""Which articles are bought together: basket counts, confidence and lift."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock


class PairCounts(NamedTuple):
    """Partners of a run of articles, on the host.

    Attributes
    ----------
    partners : int64 ``(n_rows, n)`` by (−count, baskets of the partner, article); −1: none
    counts : int64 ``(n_rows, n)`` baskets that hold both
    asked_counts : int64, like ``asked`` of :func:`count_pairs`
    """

    partners: NDArray[np.int64]
    counts: NDArray[np.int64]
    asked_counts: NDArray[np.int64]


def transpose(baskets: CsrBlock) -> CsrBlock:
    """Articles × baskets, rows sorted."""
    matrix = baskets.to_scipy().T.tocsr()
    return CsrBlock(
        matrix.data,
        matrix.indices.astype(np.int32),
        matrix.indptr.astype(np.int64),
        (baskets.shape[1], baskets.shape[0]),
    )


def count_pairs(
    articles: range,
    by_article: CsrBlock,
    baskets: CsrBlock,
    asked: NDArray[np.int64],
    n: int,
    min_count: int,
) -> PairCounts:
    """The ``n`` most frequent partners of each article in ``articles``.

    Parameters
    ----------
    asked : int64 ``(len(articles), m)``
        Other articles whose counts are wanted besides; −1: none.

    Notes
    -----
    Cost: the sum over the articles' baskets of the basket sizes; no article × article array.
    Equal counts are ordered by lift, which is to say by fewer baskets of the partner.
    """
    shape = (len(articles), n)
    result = PairCounts(
        np.full(shape, -1, dtype=np.int64), np.zeros(shape, np.int64), np.zeros_like(asked)
    )
    _count_pairs(
        articles.start, by_article.indptr, by_article.indices, baskets.indptr, baskets.indices,
        min_count, asked, result.partners, result.counts, result.asked_counts,
    )  # fmt: skip
    return result


def confidence(pair_count: NDArray[np.int64], n_first: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the first article's baskets that hold the second; 0 where it has none."""
    return np.asarray(pair_count / np.maximum(n_first, 1))


def lift(
    pair_count: NDArray[np.int64],
    n_first: NDArray[np.int64],
    n_second: NDArray[np.int64],
    n_baskets: int,
) -> NDArray[np.float64]:
    """Times more often together than by chance: n_ab · n / (n_a · n_b); 0 where undefined.

    References
    ----------
    Brin, Motwani, Ullman, Tsur: Dynamic itemset counting and implication rules, SIGMOD 1997.
    """
    chance = n_first.astype(np.float64) * n_second
    return np.where(chance > 0, pair_count * float(n_baskets) / np.maximum(chance, 1), 0.0)


@njit(nogil=True, cache=True)
def _count_pairs(
    first, article_indptr, article_baskets, basket_indptr, basket_articles, min_count,
    asked, partners, counts, asked_counts,
):  # fmt: skip
    n_articles = len(article_indptr) - 1
    together = np.zeros(n_articles, np.int64)
    touched = np.empty(n_articles, np.int64)
    for row in range(partners.shape[0]):
        article, n_touched = first + row, 0
        for b in range(article_indptr[article], article_indptr[article + 1]):
            basket = article_baskets[b]
            for e in range(basket_indptr[basket], basket_indptr[basket + 1]):
                other = basket_articles[e]
                if together[other] == 0:
                    touched[n_touched] = other
                    n_touched += 1
                together[other] += 1
        for m in range(asked.shape[1]):
            if asked[row, m] >= 0:
                asked_counts[row, m] = together[asked[row, m]]
        for i in range(n_touched):
            other = touched[i]
            count = together[other]
            together[other] = 0
            if other != article and count >= min_count:
                _insert_partner(partners[row], counts[row], other, count, article_indptr)


@njit(nogil=True, cache=True)
def _insert_partner(partners, counts, other, count, article_indptr):
    """Keep partners by (−count, baskets of the partner, article)."""
    baskets = article_indptr[other + 1] - article_indptr[other]
    place = len(partners)
    while place > 0:
        held = partners[place - 1]
        if held >= 0:
            held_baskets = article_indptr[held + 1] - article_indptr[held]
            if counts[place - 1] > count or (
                counts[place - 1] == count
                and (held_baskets < baskets or (held_baskets == baskets and held < other))
            ):
                break
        if place < len(partners):
            partners[place] = held
            counts[place] = counts[place - 1]
        place -= 1
    if place < len(partners):
        partners[place] = other
        counts[place] = count
