"""How different the articles of one list are from each other."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.evaluation.metrics.lists import check_ks, check_lists


def intra_list_distance(
    lists: NDArray[np.int64], units: NDArray[np.float32], ks: tuple[int, ...]
) -> NDArray[np.float64]:
    """1 − mean cosine over the pairs of articles in each list, float64 ``(n_users, len(ks))``.

    Parameters
    ----------
    lists : int64 ``(n_users, n)``
        Ranked article indexes; −1 is an empty place.
    units : float32 ``(n_articles, d)``
        Articles as rows of length one; a zero row has cosine 0 with every other.

    Returns
    -------
    float64 ``(n_users, len(ks))``
        0 where all articles point the same way (to the rounding of float32), 1 where they are
        unrelated, at most 2. Nan with fewer than two articles among the first k.

    Notes
    -----
    Cost: n · d per user, not n² · d: an article's cosines with all before it are its product
    with their sum. Summed in float64 in the order of the list.

    References
    ----------
    Ziegler, McNee, Konstan, Lausen: Improving recommendation lists through topic
    diversification, WWW 2005 (intra-list similarity); as a mean distance in Zhang, Hurley:
    Avoiding monotony, RecSys 2008.
    """
    check_ks(ks, lists.shape[1])
    check_lists(lists, len(units))
    distances = np.full((len(lists), len(ks)), np.nan)
    _mean_distances(lists, units, np.asarray(ks, dtype=np.int64), distances)
    return distances


@njit(nogil=True, cache=True)
def _mean_distances(lists, units, ks, distances):
    total = np.empty(units.shape[1], np.float64)
    for row in range(lists.shape[0]):
        total[:] = 0.0
        n_entries, cosines, column = 0, 0.0, 0
        for place in range(ks[-1]):
            article = lists[row, place]
            if article >= 0:
                n_entries += 1
                for j in range(units.shape[1]):
                    value = np.float64(units[article, j])
                    cosines += value * total[j]
                    total[j] += value
            if place + 1 == ks[column]:
                if n_entries >= 2:
                    n_pairs = n_entries * (n_entries - 1) / 2
                    distances[row, column] = 1.0 - cosines / n_pairs
                column += 1
