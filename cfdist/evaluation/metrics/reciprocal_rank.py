"""How far down the first hit is."""

import numpy as np
from numpy.typing import NDArray

from cfdist.evaluation.metrics.hits import at_ranks, of_judged


def reciprocal_rank(
    hits: NDArray[np.bool_], n_truth: NDArray[np.int64], ks: tuple[int, ...]
) -> NDArray[np.float64]:
    """1 / rank of the first hit, 0 beyond k, float64 ``(n_users, len(ks))``; its mean is MRR@k.

    Nan: nothing is held out.

    Examples
    --------
    >>> reciprocal_rank(np.array([[False, True, True]]), np.array([2]), (1, 3)).tolist()
    [[0.0, 0.5]]

    References
    ----------
    Voorhees: The TREC-8 question answering track report, 1999.
    """
    at_hit = hits / np.arange(1, hits.shape[1] + 1)
    return of_judged(at_ranks(np.maximum.accumulate(at_hit, axis=1), ks), n_truth)
