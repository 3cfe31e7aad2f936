"""How much of what was held out is in the list."""

import numpy as np
from numpy.typing import NDArray

from cfdist.evaluation.metrics.hits import hits_at, most_hits, of_judged


def recall(
    hits: NDArray[np.bool_], n_truth: NDArray[np.int64], ks: tuple[int, ...]
) -> NDArray[np.float64]:
    """Recall@k of each user: hits among the first k / |truth|, float64 ``(n_users, len(ks))``.

    A user with more than k held-out articles cannot reach 1. Nan: nothing is held out.

    Examples
    --------
    >>> recall(np.array([[True, False, True]]), np.array([4]), (1, 3)).tolist()
    [[0.25, 0.5]]

    References
    ----------
    Manning, Raghavan, Schütze: Introduction to Information Retrieval, 2008, section 8.3. With
    this denominator in the protocol of LightGCN (He et al., SIGIR 2020, section 4.1).
    """
    return of_judged(hits_at(hits, ks) / np.maximum(n_truth, 1)[:, None], n_truth)


def bounded_recall(
    hits: NDArray[np.bool_], n_truth: NDArray[np.int64], ks: tuple[int, ...]
) -> NDArray[np.float64]:
    """Recall@k over what is possible: hits / min(k, |truth|), float64 ``(n_users, len(ks))``.

    Not comparable with :func:`recall` where users hold out more than k. Nan: nothing held out.

    Examples
    --------
    >>> bounded_recall(np.array([[True, False, True]]), np.array([4]), (1, 3)).round(3).tolist()
    [[1.0, 0.667]]

    References
    ----------
    Liang, Krishnan, Hoffman, Jebara: Variational autoencoders for collaborative filtering,
    WWW 2018, Recall@R of section 4.2.
    """
    return of_judged(hits_at(hits, ks) / most_hits(n_truth, ks), n_truth)
