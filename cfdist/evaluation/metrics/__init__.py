"""Ranking metrics per user, by name; each is written down with its formula in a file of its own."""

import difflib
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.errors import ConfigError
from cfdist.evaluation.metrics.average_precision import average_precision
from cfdist.evaluation.metrics.hit_rate import hit_rate
from cfdist.evaluation.metrics.hits import hit_matrix
from cfdist.evaluation.metrics.ndcg import ndcg
from cfdist.evaluation.metrics.precision import precision
from cfdist.evaluation.metrics.recall import bounded_recall, recall
from cfdist.evaluation.metrics.reciprocal_rank import reciprocal_rank

PerUser = Callable[[NDArray[np.bool_], NDArray[np.int64], tuple[int, ...]], NDArray[np.float64]]


class Metric(NamedTuple):
    """One metric; of all of them more is better, and 1 is the most.

    Attributes
    ----------
    function : from (hits, n_truth, ks) to float64 ``(n_users, len(ks))``
    title : for the head of a table
    meaning : one sentence for a reader who does not know the name
    """

    function: PerUser
    title: str
    meaning: str


METRICS: dict[str, Metric] = {
    "recall": Metric(
        recall, "Recall", "Share of a user's held-out articles among the first k of the list."
    ),
    "bounded_recall": Metric(
        bounded_recall,
        "Bounded recall",
        "Hits among the first k, over the most that were possible: min(k, held-out articles).",
    ),
    "precision": Metric(
        precision, "Precision", "Share of the first k places that hold a held-out article."
    ),
    "ndcg": Metric(
        ndcg, "NDCG", "Hits weighted by 1 / log2(rank + 1), over those of the best possible order."
    ),
    "map": Metric(
        average_precision, "MAP", "Mean of the precision at every hit among the first k."
    ),
    "mrr": Metric(reciprocal_rank, "MRR", "One over the rank of the first hit, 0 beyond rank k."),
    "hit_rate": Metric(
        hit_rate, "Hit rate", "Share of users with at least one hit among the first k."
    ),
}


def parse_metric(text: str) -> tuple[str, int]:
    """Name and rank of a metric written as ``recall@10``.

    Raises
    ------
    ConfigError
        No such metric, or a rank that is not a whole number from 1.

    Examples
    --------
    >>> parse_metric("ndcg@20")
    ('ndcg', 20)
    """
    name, _, rank = text.partition("@")
    if name not in METRICS:
        close = difflib.get_close_matches(name.lower(), METRICS, n=1, cutoff=0.5)
        remedy = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(METRICS)}"
        raise ConfigError(f"there is no metric {name!r}", remedy=remedy)
    if not (rank.isascii() and rank.isdigit() and int(rank) >= 1):
        raise ConfigError(
            f"metric {text!r} has no rank from 1 after the @", remedy=f"write for example {name}@10"
        )
    return name, int(rank)


def per_user(
    lists: NDArray[np.int64], truth: CsrBlock, ks: tuple[int, ...], names: Iterable[str]
) -> dict[str, NDArray[np.float64]]:
    """Values of the named metrics for every user, each float64 ``(n_users, len(ks))``.

    Parameters
    ----------
    lists : int64 ``(n_users, n)``
        Ranked article indexes, best first; −1 is an empty place.
    truth : CsrBlock ``(n_users, n_articles)``
        Held-out articles of the same users, weights ignored.
    ks : ascending, each at most n

    Returns
    -------
    dict
        Nan for users with nothing held out, who are not judged; 0 for an empty list.

    Raises
    ------
    ValueError
        Arrays that do not belong together, or an article listed twice.

    Examples
    --------
    >>> truth = CsrBlock(np.ones(2, np.float32), np.array([0, 3], np.int32),
    ...                  np.array([0, 2, 2]), (2, 5))
    >>> per_user(np.array([[3, 1], [2, 4]]), truth, (1, 2), ["recall"])["recall"].tolist()
    [[0.5, 0.5], [nan, nan]]
    """
    hits = hit_matrix(lists, truth)
    n_truth = np.diff(truth.indptr)
    return {name: METRICS[name].function(hits, n_truth, ks) for name in names}
