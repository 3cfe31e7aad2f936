"""``history``: the user's own articles, by weight and by how recently they were bought."""

from typing import Any

import numpy as np

from cfdist.algorithms.csr import CsrBlock, empty_rows, take_rows
from cfdist.algorithms.purchases import history_scores
from cfdist.algorithms.scoring import Blocked, Lists, denied_of, fill_sparse
from cfdist.errors import ConfigError
from cfdist.schema import HISTORY
from cfdist.stages.context import Stage
from cfdist.stages.fitting import Fitting
from cfdist.stages.purchases import half_life_us
from cfdist.stages.recommenders import Rows, Source

Array = np.ndarray[Any, Any]


def prepare(fitting: Fitting) -> Source:
    """The purchases of every user; their rows must still be there, or have been used before.

    Raises
    ------
    ConfigError
        Lists may not hold what the user has, which is all that there is here.
    """
    config, matrix = fitting.context.config, fitting.matrix
    if config.recommend.owned == "exclude":
        raise ConfigError(
            f"recommend.method = {HISTORY!r} lists what the user has already, and "
            "recommend.owned = 'exclude' forbids that",
            remedy="set recommend.owned = 'include', or a second list with recommend.n_buy_again",
        )
    bought, half_life = fitting.purchases, half_life_us(config)

    def arguments(stage: Stage) -> list[tuple[Any, ...]]:
        return [
            (block, found, bought.as_of_us, half_life)
            for block, found in zip(matrix.blocks, bought.blocks, strict=True)
        ]

    return Source(HISTORY, f"{bought.key} {half_life}", fill, tile, arguments)


def fill(lists: Lists, rows: Rows, source: int, *arguments: Any) -> None:
    """Fill by the scores of the user's own articles, owned or not."""
    scores = take_rows(_scores(*arguments), rows.local)
    blocked = Blocked(empty_rows(scores.shape), denied_of(rows.blocked))
    fill_sparse(lists, scores, blocked, source)


def tile(rows: Rows, first: int, last: int, *arguments: Any) -> Array:
    """The same scores for a run of rows, dense."""
    scores = take_rows(_scores(*arguments), rows.local[first:last])
    return np.asarray(scores.to_scipy().toarray())


def _scores(block: CsrBlock, bought: dict[str, Array], as_of_us: int, half_life: float) -> CsrBlock:
    return history_scores(block, bought["n_bought"], bought["last_us"], as_of_us, half_life)
