"""``history``: the user's own articles, by weight and by how recently they were bought."""

from typing import Any

import numpy as np

from cfdist.algorithms.csr import CsrBlock, empty_rows, take_rows
from cfdist.algorithms.lists import Blocked, Lists, denied_of
from cfdist.algorithms.purchases import history_scores
from cfdist.backends import Backend
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


def fill(backend: Backend, lists: Lists, rows: Rows, source: int, *arguments: Any) -> None:
    """Fill by the scores of the user's own articles, owned or not; on the host."""
    on_host, local, denied = backend.to_host((arguments, rows.local, denied_of(rows.blocked)))
    scores = take_rows(_scores(*on_host), local)
    blocked = Blocked(empty_rows(scores.shape), denied)
    backend.scoring.fill_sparse(lists, scores, blocked, source)


def tile(backend: Backend, rows: Rows, first: int, last: int, *arguments: Any) -> Array:
    """The same scores for a run of rows, dense; made on the host."""
    on_host, local = backend.to_host((arguments, rows.local[first:last]))
    scores = take_rows(_scores(*on_host), local)
    dense: Array = backend.to_device(np.asarray(scores.to_scipy().toarray()))
    return dense


def _scores(block: CsrBlock, bought: dict[str, Array], as_of_us: int, half_life: float) -> CsrBlock:
    return history_scores(block, bought["n_bought"], bought["last_us"], as_of_us, half_life)
