"""The second list: what each user bought and kept, most often and most recently first."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms.csr import CsrBlock, empty_rows
from cfdist.algorithms.lists import Blocked, Lists
from cfdist.algorithms.purchases import entries_of, history_scores
from cfdist.algorithms.scoring import fill_sparse
from cfdist.schema import HISTORY, RECOMMENDERS
from cfdist.stages.context import Artifact
from cfdist.stages.fitting import Fitting
from cfdist.stages.purchases import half_life_us

Array = np.ndarray[Any, Any]


class BuyAgain(Artifact):
    """The user's own articles, in indexes.

    ``meta``: n_rows, n_users (with at least one row).
    Parts ``lists``: per block of users a dict of columns ``(n_rows,)``, sorted by user and rank:
    user (row within the block), rank from 1, article, score, last_us, n_bought.
    """

    @property
    def lists(self) -> Sequence[Future]:
        """Per block of users."""
        return self.parts["lists"]


def buy_again(fitting: Fitting) -> BuyAgain:
    """``recommend.n_buy_again`` articles at most that a user bought, kept, and may buy now.

    Notes
    -----
    Scored as the recommender ``history`` is. What the catalogue denies is left out; limits of
    categories and families do not hold: this list tells what was, and does not choose.
    """
    context, matrix = fitting.context, fitting.matrix
    bought, rules = fitting.purchases, fitting.catalogue
    n = min(context.config.recommend.n_buy_again, fitting.index.n_articles)
    half_life = half_life_us(context.config)
    with context.stage("buy_again", bought.key, rules.key, n, half_life) as stage:
        found = stage.resume(BuyAgain)
        if found is not None:
            return found
        lists = [
            stage.submit(
                _lists, block, of_block, bought.as_of_us, half_life, rules.articles, n,
                part="lists",
            )
            for block, of_block in zip(matrix.blocks, bought.blocks, strict=True)
        ]  # fmt: skip
        sizes = [stage.submit(_sizes, columns, label="count") for columns in lists]
        stage.wait([*lists, *sizes])
        n_rows, n_users = np.sum([future.result() for future in sizes], axis=0).tolist()
        return stage.complete(BuyAgain, {"n_rows": n_rows, "n_users": n_users}, lists=lists)


def _lists(
    block: CsrBlock, bought: dict[str, Array], as_of_us: int, half_life: float,
    articles: dict[str, Array] | None, n: int,
) -> dict[str, Array]:  # fmt: skip
    """Columns of a block of users."""
    scores = history_scores(block, bought["n_bought"], bought["last_us"], as_of_us, half_life)
    denied = np.flatnonzero(~articles["allowed"]) if articles else np.empty(0, np.int64)
    lists = Lists.empty(block.shape[0], n)
    blocked = Blocked(empty_rows(block.shape), denied)
    fill_sparse(lists, scores, blocked, RECOMMENDERS.index(HISTORY))
    user, place = np.nonzero(lists.articles >= 0)
    article = lists.articles[user, place]
    entry = entries_of(block, user, article)
    return {
        "user": user,
        "rank": place + 1,
        "article": article,
        "score": lists.scores[user, place],
        "last_us": bought["last_us"][entry],
        "n_bought": bought["n_bought"][entry],
    }


def _sizes(columns: dict[str, Array]) -> tuple[int, int]:
    return len(columns["user"]), len(np.unique(columns["user"]))
