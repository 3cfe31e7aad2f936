"""``popular``: what most users took, the same ranking for everybody."""

from typing import Any

from cfdist.algorithms import rules as ruled
from cfdist.algorithms.lists import Lists, Ranking
from cfdist.algorithms.rules import Rules
from cfdist.algorithms.scoring import rank_popular
from cfdist.backends import Backend
from cfdist.schema import POPULAR
from cfdist.stages.context import Stage
from cfdist.stages.fitting import Fitting
from cfdist.stages.recommenders import Rows, Source


def prepare(fitting: Fitting) -> Source:
    """Articles by their number of users."""
    matrix, n_users = fitting.matrix, fitting.index.n_users

    def arguments(stage: Stage) -> list[tuple[Any, ...]]:
        ranking = stage.submit(rank_popular, matrix.articles, n_users, label="popular")
        return [(ranking,)] * len(matrix.blocks)

    return Source(POPULAR, matrix.key, fill, None, arguments)


def fill(backend: Backend, lists: Lists, rows: Rows, source: int, ranking: Ranking) -> None:
    """Fill from the ranking."""
    backend.scoring.fill_ranked(lists, ranking.articles, ranking.scores, rows.blocked, source)


def walk(
    backend: Backend, lists: Lists, rows: Rows, source: int, rules: Rules, ranking: Ranking
) -> None:
    """Fill from the whole ranking as the rules say, on the host."""
    blocked = backend.to_host(rows.blocked)
    ruled.walk(lists, ranking.articles, ranking.scores, blocked, rules, source)
