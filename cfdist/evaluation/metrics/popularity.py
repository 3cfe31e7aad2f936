"""How unevenly the lists treat the articles, and how far they follow the best-sellers."""

import numpy as np
from numpy.typing import NDArray

HEAD_DIVISOR = 10  # the head is a tenth of the catalogue


def gini(article_counts: NDArray[np.int64]) -> float:
    """Gini coefficient of the recommendations: 0 all articles alike, 1 one article has them all.

    G = Σ_j (2j − n − 1) c_j / ((n − 1) Σ_j c_j) over all n articles of the catalogue, counts c
    ascending. Nan without any recommendation, 0 with a single article.

    Parameters
    ----------
    article_counts : int64 ``(n_articles,)``
        In how many lists each article of the catalogue is.

    Examples
    --------
    >>> gini(np.array([0, 0, 7])), gini(np.array([2, 2, 2]))
    (1.0, 0.0)

    Notes
    -----
    The division by n − 1 instead of n makes 1 attainable. The sums are of integers, so exact.

    References
    ----------
    Shani, Gunawardana: Evaluating recommendation systems, in Recommender Systems Handbook,
    2011, section on coverage.
    """
    n, total = len(article_counts), int(article_counts.sum())
    if not total:
        return float("nan")
    if n == 1:
        return 0.0
    rank_weights = 2 * np.arange(1, n + 1, dtype=np.int64) - n - 1
    return int((rank_weights * np.sort(article_counts)).sum()) / ((n - 1) * total)


def head_articles(n_users_of_article: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for the tenth of the articles, rounded up, that most train users took.

    Equal numbers of users are ordered by the lower index.
    """
    n_articles = len(n_users_of_article)
    head = np.zeros(n_articles, dtype=np.bool_)
    ranking = np.argsort(-n_users_of_article, kind="stable")
    head[ranking[: -(-n_articles // HEAD_DIVISOR)]] = True
    return head


def head_share(article_counts: NDArray[np.int64], n_users_of_article: NDArray[np.int64]) -> float:
    """Share of the recommended entries that name a head article; nan without entries.

    References
    ----------
    The short head against the long tail, as in Abdollahpouri, Burke, Mobasher: Managing
    popularity bias in recommender systems with personalized re-ranking, FLAIRS 2019.
    """
    total = int(article_counts.sum())
    if not total:
        return float("nan")
    return int(article_counts[head_articles(n_users_of_article)].sum()) / total
