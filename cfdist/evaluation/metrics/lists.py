"""What ranked lists and ranks must be before anything is measured on them."""

from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray


def check_lists(lists: NDArray[np.int64], n_articles: int) -> None:
    """Raise unless every list holds articles of the catalogue, each at most once.

    Parameters
    ----------
    lists : int64 ``(n_users, n)``
        Ranked article indexes, best first; −1 is an empty place, which keeps its rank.

    Raises
    ------
    ValueError
        An article that is listed twice would be counted as two hits.
    """
    if not lists.size:
        return
    lowest, highest = int(lists.min()), int(lists.max())
    if lowest < -1 or highest >= n_articles:
        article = lowest if lowest < -1 else highest
        raise ValueError(f"article {article} outside −1 … {n_articles - 1}")
    row, article = _first_repeat(lists, n_articles)
    if row >= 0:
        raise ValueError(f"the list of row {row} holds article {article} twice")


def check_ks(ks: tuple[int, ...], n: int) -> None:
    """Raise unless the ranks ascend, from 1 at least to ``n``, the length of the lists, at most."""
    if not ks or ks[0] < 1 or any(b <= a for a, b in pairwise(ks)):
        raise ValueError(f"ranks {ks} are not ascending numbers from 1")
    if ks[-1] > n:
        raise ValueError(f"rank {ks[-1]} in lists of {n} places")


@njit(nogil=True, cache=True)
def _first_repeat(lists, n_articles):
    """Row and article of the first article that a row lists twice; −1, −1: none."""
    listed_by = np.full(n_articles, -1, np.int64)
    for row in range(lists.shape[0]):
        for place in range(lists.shape[1]):
            article = lists[row, place]
            if article < 0:
                continue
            if listed_by[article] == row:
                return row, article
            listed_by[article] = row
    return -1, -1
