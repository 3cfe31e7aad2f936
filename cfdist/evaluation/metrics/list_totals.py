"""Figures of the lists themselves, without truth, from totals that add up over blocks of users."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfdist.evaluation.metrics.coverage import coverage
from cfdist.evaluation.metrics.diversity import intra_list_distance
from cfdist.evaluation.metrics.lists import check_ks, check_lists
from cfdist.evaluation.metrics.novelty import novelty
from cfdist.evaluation.metrics.popularity import gini, head_share


class ListTotals(NamedTuple):
    """What coverage, popularity, novelty and diversity need to know of the lists.

    Attributes
    ----------
    n_train_users : users in the data that the lists were made from
    article_counts : int64 ``(len(ks), n_articles)`` lists with the article among the first k
    distance_sum : float64 ``(len(ks),)`` intra-list distances of the users who have one
    n_with_distance : int64 ``(len(ks),)`` users with at least two articles among the first k
    """

    n_train_users: int
    article_counts: NDArray[np.int64]
    distance_sum: NDArray[np.float64]
    n_with_distance: NDArray[np.int64]


def list_totals(
    lists: NDArray[np.int64],
    n_users_of_article: NDArray[np.int64],
    n_train_users: int,
    units: NDArray[np.float32],
    ks: tuple[int, ...],
) -> ListTotals:
    """Totals of one block of users.

    Parameters
    ----------
    lists : int64 ``(n_users, n)``
        Ranked article indexes; −1 is an empty place.
    n_users_of_article : int64 ``(n_articles,)``
        Train users who took each article.
    units : float32 ``(n_articles, d)``
        Articles as rows of length one, for the distances within a list.
    ks : ascending, each at most n

    Raises
    ------
    ValueError
        Articles out of range or listed twice, or arrays of two catalogues.
    """
    n_articles = len(n_users_of_article)
    if len(units) != n_articles:
        raise ValueError(f"units of {len(units)} articles, users of {n_articles}")
    check_lists(lists, n_articles)
    distances = intra_list_distance(lists, units, ks)
    return ListTotals(
        n_train_users,
        count_articles(lists, n_articles, ks),
        np.nansum(distances, axis=0),
        np.count_nonzero(~np.isnan(distances), axis=0).astype(np.int64),
    )


def count_articles(
    lists: NDArray[np.int64], n_articles: int, ks: tuple[int, ...]
) -> NDArray[np.int64]:
    """How many lists hold each article among the first k, int64 ``(len(ks), n_articles)``."""
    check_ks(ks, lists.shape[1])
    between = [lists[:, start:stop] for start, stop in zip((0, *ks), ks, strict=False)]
    counts = [np.bincount(part[part >= 0], minlength=n_articles) for part in between]
    return np.cumsum(counts, axis=0, dtype=np.int64)


def add_list_totals(left: ListTotals, right: ListTotals) -> ListTotals:
    """Totals of two blocks of users together."""
    if left.n_train_users != right.n_train_users:
        raise ValueError(f"{left.n_train_users} and {right.n_train_users} train users")
    return ListTotals(
        left.n_train_users,
        left.article_counts + right.article_counts,
        left.distance_sum + right.distance_sum,
        left.n_with_distance + right.n_with_distance,
    )


def finish_list_totals(
    totals: ListTotals, n_users_of_article: NDArray[np.int64], ks: tuple[int, ...]
) -> dict[str, float]:
    """Figures by name and rank, such as ``coverage@10``; nan where no list has an entry."""
    figures = {}
    for column, k in enumerate(ks):
        counts = totals.article_counts[column]
        figures[f"coverage@{k}"] = coverage(counts)
        figures[f"gini@{k}"] = gini(counts)
        figures[f"head_share@{k}"] = head_share(counts, n_users_of_article)
        figures[f"novelty@{k}"] = novelty(counts, n_users_of_article, totals.n_train_users)
        figures[f"diversity@{k}"] = _mean_distance(totals, column)
    return figures


def _mean_distance(totals: ListTotals, column: int) -> float:
    n_users = int(totals.n_with_distance[column])
    return float(totals.distance_sum[column]) / n_users if n_users else float("nan")
