"""Whether the list helped at all."""

import numpy as np
from numpy.typing import NDArray

from cfdist.evaluation.metrics.hits import hits_at, of_judged


def hit_rate(
    hits: NDArray[np.bool_], n_truth: NDArray[np.int64], ks: tuple[int, ...]
) -> NDArray[np.float64]:
    """1 where any of the first k places hits, else 0, float64 ``(n_users, len(ks))``.

    Nan: nothing is held out.

    Examples
    --------
    >>> hit_rate(np.array([[False, True, True]]), np.array([2]), (1, 3)).tolist()
    [[0.0, 1.0]]

    References
    ----------
    Deshpande, Karypis: Item-based top-N recommendation algorithms, TOIS 22(1), 2004; there with
    one held-out article per user. Some papers call hits / min(k, |truth|) by this name: that is
    :func:`cfdist.evaluation.metrics.recall.bounded_recall`.
    """
    return of_judged(hits_at(hits, ks) > 0, n_truth)
