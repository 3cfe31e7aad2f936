"""How much of the catalogue is ever recommended."""

import numpy as np
from numpy.typing import NDArray


def coverage(article_counts: NDArray[np.int64]) -> float:
    """Share of the articles that are in at least one list; nan without articles.

    Parameters
    ----------
    article_counts : int64 ``(n_articles,)``
        In how many lists each article of the catalogue is.

    Examples
    --------
    >>> coverage(np.array([3, 0, 1, 0]))
    0.5

    References
    ----------
    Ge, Delgado-Battenfeld, Jannach: Beyond accuracy: evaluating recommender systems by coverage
    and serendipity, RecSys 2010, catalog coverage.
    """
    if not len(article_counts):
        return float("nan")
    return int(np.count_nonzero(article_counts)) / len(article_counts)
