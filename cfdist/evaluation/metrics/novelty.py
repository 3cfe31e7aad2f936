"""How little known the recommended articles are."""

import numpy as np
from numpy.typing import NDArray


def self_information(
    n_users_of_article: NDArray[np.int64], n_train_users: int
) -> NDArray[np.float64]:
    """−log2 of the share of train users who took each article, in bits, ``(n_articles,)``.

    An article that nobody took counts as taken by one user: its surprise stays finite.

    Examples
    --------
    >>> self_information(np.array([8, 2, 0]), 8).tolist()
    [0.0, 2.0, 3.0]
    """
    share = np.maximum(n_users_of_article, 1) / max(n_train_users, 1)
    return np.asarray(0.0 - np.log2(share), dtype=np.float64)


def novelty(
    article_counts: NDArray[np.int64], n_users_of_article: NDArray[np.int64], n_train_users: int
) -> float:
    """Mean self-information of all recommended entries, in bits; nan without entries.

    Parameters
    ----------
    article_counts : int64 ``(n_articles,)``
        In how many lists each article is.
    n_users_of_article : int64 ``(n_articles,)``
        Train users who took each article.

    Notes
    -----
    Every entry weighs the same, so a user with a short list weighs less; where all lists are
    full this is the mean over users. It follows from the counts alone: the order of the users
    and the blocks they come in do not change a bit of it.

    References
    ----------
    Zhou et al.: Solving the apparent diversity-accuracy dilemma of recommender systems, PNAS
    107(10), 2010. Vargas, Castells: Rank and relevance in novelty and diversity metrics for
    recommender systems, RecSys 2011, without discount by rank or relevance.
    """
    total = int(article_counts.sum())
    if not total:
        return float("nan")
    bits = self_information(n_users_of_article, n_train_users)
    return float((article_counts * bits).sum()) / total
