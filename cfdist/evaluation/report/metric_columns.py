"""Columns of metrics at several lengths of list: ``recall @5 @10 @20, ndcg @5 …``."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from cfdist.evaluation.report.table import Column


def in_order(keys: Iterable[str]) -> list[str]:
    """Keys such as ``recall@10``: by metric as given, then by k.

    Examples
    --------
    >>> in_order(["recall@10", "ndcg@10", "recall@5"])
    ['recall@5', 'recall@10', 'ndcg@10']
    """
    given = list(dict.fromkeys(keys))
    metrics = list(dict.fromkeys(map(metric_of, given)))
    return sorted(given, key=lambda key: (metrics.index(metric_of(key)), _k(key)))


def metric_of(key: str) -> str:
    """``recall`` of ``recall@10``."""
    return key.partition("@")[0]


def columns_of(keys: Sequence[str]) -> list[Column]:
    """The candidate's name, then ``@5``, ``@10``; the metric stands above."""
    short = [f"@{key.partition('@')[2]}" if "@" in key else "" for key in keys]
    numbers = [Column(head, "number", key) for head, key in zip(short, keys, strict=True)]
    return [Column("Candidate", "name"), *numbers]


def spans_of(keys: Sequence[str]) -> list[tuple[str, int]]:
    """Every metric over its lengths of list."""
    groups = groupby(keys, key=metric_of)
    return [("", 1), *((metric.replace("_", " "), len(list(group))) for metric, group in groups)]


def _k(key: str) -> int:
    k = key.partition("@")[2]
    return int(k) if k.isascii() and k.isdigit() else 0
