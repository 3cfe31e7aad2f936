"""How much of the list was taken."""

import numpy as np
from numpy.typing import NDArray

from cfdist.evaluation.metrics.hits import hits_at, of_judged


def precision(
    hits: NDArray[np.bool_], n_truth: NDArray[np.int64], ks: tuple[int, ...]
) -> NDArray[np.float64]:
    """Precision@k of each user: hits among the first k / k, float64 ``(n_users, len(ks))``.

    Empty places count as misses: a short list is not rewarded. Nan: nothing is held out.

    Examples
    --------
    >>> precision(np.array([[True, False, False, True]]), np.array([9]), (1, 4)).tolist()
    [[1.0, 0.5]]

    References
    ----------
    Manning, Raghavan, Schütze: Introduction to Information Retrieval, 2008, sections 8.3 and
    8.4 (precision at k).
    """
    return of_judged(hits_at(hits, ks) / np.asarray(ks), n_truth)
