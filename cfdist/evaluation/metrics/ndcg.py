"""Hits weighted by their rank, over the best possible order."""

import numpy as np
from numpy.typing import NDArray

from cfdist.evaluation.metrics.hits import at_ranks, most_hits, of_judged


def ndcg(
    hits: NDArray[np.bool_], n_truth: NDArray[np.int64], ks: tuple[int, ...]
) -> NDArray[np.float64]:
    """NDCG@k of each user, binary, float64 ``(n_users, len(ks))``; nan: nothing is held out.

    NDCG@k = Σ_{i ≤ k} hit_i / log2(i + 1), divided by Σ_{i ≤ min(k, |truth|)} 1 / log2(i + 1).

    Examples
    --------
    >>> ndcg(np.array([[False, True, False]]), np.array([1]), (1, 3)).round(4).tolist()
    [[0.0, 0.6309]]

    Notes
    -----
    The discount is log2(i + 1), so rank 1 weighs 1; Järvelin and Kekäläinen do not discount
    ranks below the base of their logarithm.

    References
    ----------
    Järvelin, Kekäläinen: Cumulated gain-based evaluation of IR techniques, TOIS 20(4), 2002.
    Burges et al.: Learning to rank using gradient descent, ICML 2005, for this discount.
    """
    discount = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    gained = at_ranks(np.cumsum(hits * discount, axis=1), ks)
    ideal = np.cumsum(discount)[most_hits(n_truth, ks) - 1]
    return of_judged(gained / ideal, n_truth)
