"""Filling lists where an entry may keep another one out: from more candidates than places."""

from typing import Any

import numpy as np

from cfdist.algorithms.csr import take_rows
from cfdist.algorithms.lists import Lists, take_blocked
from cfdist.algorithms.rules import Rules, admit, capacity
from cfdist.backends import Backend
from cfdist.stages.recommenders import Fill, Rows

ROUNDS = (1, 4)
CANDIDATES = 2**22

Array = np.ndarray[Any, Any]


def fill_by_rules(
    backend: Backend, lists: Lists, rows: Rows, fill: Fill, source: int,
    arguments: tuple[Any, ...], rules: Rules,
) -> None:  # fmt: skip
    """Fill free places with what the rules admit of a source's candidates, in their order.

    Notes
    -----
    A source offers 4 · n candidates, n + 50 at least; where these leave a list short though the
    source had more, four times as many. Then the next source follows: the far end of a ranking
    says little, and sorting all of it for many users would take long. A list as long as the rules
    admit is not short. Candidates are lists, so they come to the host, where the rules hold.
    """
    n, n_articles = lists.articles.shape[1], rows.history.shape[1]
    places = lists.articles[:, : min(n, capacity(rules))]
    wanted = np.flatnonzero((places < 0).any(axis=1))
    for factor in ROUNDS:
        width = min(factor * max(4 * n, n + 50), n_articles)
        step = max(1, CANDIDATES // width)
        unsaid = [
            _offer(backend, lists, rows, part, width, fill, source, arguments, rules)
            for part in (wanted[first : first + step] for first in range(0, len(wanted), step))
        ]
        had_more = np.concatenate([np.empty(0, np.int64), *unsaid])
        wanted = had_more[(places[had_more] < 0).any(axis=1)]


def _offer(
    backend: Backend, lists: Lists, rows: Rows, wanted: Array, width: int, fill: Fill, source: int,
    arguments: tuple[Any, ...], rules: Rules,
) -> Array:  # fmt: skip
    """Fill the wanted rows from candidates; returns those of which the source had more."""
    candidates = Lists.empty(len(wanted), width)
    fill(backend, candidates, _take(rows, backend.to_device(wanted)), source, *arguments)
    admit(lists, wanted, candidates, rules)
    had_more = (candidates.articles[:, -1] >= 0) & (width < rows.history.shape[1])
    return np.asarray(wanted[had_more])


def _take(rows: Rows, wanted: Array) -> Rows:
    blocked = take_blocked(rows.blocked, wanted)
    return Rows(take_rows(rows.history, wanted), blocked, rows.local[wanted])
