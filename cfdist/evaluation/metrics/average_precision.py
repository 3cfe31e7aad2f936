"""Precision at every hit, averaged: rewards hits that come early."""

import numpy as np
from numpy.typing import NDArray

from cfdist.evaluation.metrics.hits import at_ranks, most_hits, of_judged


def average_precision(
    hits: NDArray[np.bool_], n_truth: NDArray[np.int64], ks: tuple[int, ...]
) -> NDArray[np.float64]:
    """Average precision@k of each user, float64 ``(n_users, len(ks))``; its mean is MAP@k.

    AP@k = Σ_{i ≤ k} hit_i · precision@i / min(k, |truth|). Nan: nothing is held out.

    Examples
    --------
    >>> average_precision(np.array([[True, False, False, True]]), np.array([2]), (1, 4)).tolist()
    [[1.0, 0.75]]

    Notes
    -----
    trec_eval and ranx divide by |truth| also where it exceeds k; then a perfect list of k does
    not reach 1.

    References
    ----------
    Manning, Raghavan, Schütze: Introduction to Information Retrieval, 2008, section 8.4.
    """
    at_hit = hits * np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return of_judged(at_ranks(np.cumsum(at_hit, axis=1), ks) / most_hits(n_truth, ks), n_truth)
