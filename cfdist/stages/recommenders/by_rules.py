"""Filling lists where an entry may keep another one out: from more candidates than places."""

from typing import Any

import numpy as np

from cfdist.algorithms.csr import take_rows
from cfdist.algorithms.rules import Rules, admit
from cfdist.algorithms.scoring import Lists
from cfdist.stages.recommenders import Fill, Rows

ROUNDS = (1, 4)
CANDIDATES = 2**22

Array = np.ndarray[Any, Any]


def fill_by_rules(
    lists: Lists, rows: Rows, fill: Fill, source: int, arguments: tuple[Any, ...], rules: Rules
) -> None:
    """Fill free places with what the rules admit of a source's candidates, in their order.

    Notes
    -----
    A source offers 4 · n candidates, n + 50 at least; where these leave a list short though the
    source had more, four times as many. Then the next source follows: the far end of a ranking
    says little, and sorting all of it for many users would take long.
    """
    n, n_articles = lists.articles.shape[1], rows.history.shape[1]
    wanted = np.flatnonzero(lists.articles[:, -1] < 0)
    for factor in ROUNDS:
        width = min(factor * max(4 * n, n + 50), n_articles)
        step = max(1, CANDIDATES // width)
        unsaid = [
            _offer(lists, rows, wanted[first : first + step], width, fill, source, arguments, rules)
            for first in range(0, len(wanted), step)
        ]
        wanted = np.concatenate([np.empty(0, np.int64), *unsaid])


def _offer(
    lists: Lists, rows: Rows, wanted: Array, width: int, fill: Fill, source: int,
    arguments: tuple[Any, ...], rules: Rules,
) -> Array:  # fmt: skip
    """Fill the wanted rows from candidates; returns those still short whose source had more."""
    candidates = Lists.empty(len(wanted), width)
    fill(candidates, _take(rows, wanted), source, *arguments)
    admit(lists, wanted, candidates, rules)
    n_articles = rows.history.shape[1]
    had_more = (candidates.articles[:, -1] >= 0) & (width < n_articles)
    return np.asarray(wanted[had_more & (lists.articles[wanted, -1] < 0)])


def _take(rows: Rows, wanted: Array) -> Rows:
    blocked: Any = rows.blocked
    return Rows(take_rows(rows.history, wanted), blocked.take(wanted), rows.local[wanted])
