"""``blend``: a weighted sum of other methods' scores, each normalised per user."""

from typing import Any

import numpy as np

from cfdist.algorithms.blending import blend_tiles
from cfdist.algorithms.lists import Blocked, Lists, denied_of, take_blocked
from cfdist.backends import Backend
from cfdist.errors import ConfigError
from cfdist.schema import BLEND
from cfdist.stages.context import Stage
from cfdist.stages.fitting import Fitting
from cfdist.stages.recommenders import Rows, Source
from cfdist.stages.recommenders import prepare as prepare_part
from cfdist.stages.recommenders.tiles import fill_by_tiles

Array = np.ndarray[Any, Any]


def prepare(fitting: Fitting) -> Source:
    """The methods that ``recommend.blend`` gives a weight above 0.

    Raises
    ------
    ConfigError
        All weights are 0.
    """
    weights = fitting.context.config.recommend.blend.model_dump()
    chosen = {name: weight for name, weight in weights.items() if weight > 0}
    if not chosen:
        raise ConfigError(
            "every weight of recommend.blend is 0",
            remedy="set one above 0, such as --set recommend.blend.spectral=1",
        )
    parts = [prepare_part(name, fitting) for name in chosen]

    def arguments(stage: Stage) -> list[tuple[Any, ...]]:
        of_parts = [part.arguments(stage) for part in parts]
        tiles = [part.tile for part in parts]
        return [
            (list(chosen.values()), list(zip(tiles, of_block, strict=True)))
            for of_block in zip(*of_parts, strict=True)
        ]

    key = " ".join([part.key for part in parts] + [str(chosen)])
    return Source(BLEND, key, fill, tile, arguments)


def fill(backend: Backend, lists: Lists, rows: Rows, source: int, *arguments: Any) -> None:
    """Fill by dense scores, a tile of users at a time."""

    def scores(first: int, last: int) -> Array:
        return tile(backend, rows, first, last, *arguments)

    fill_by_tiles(backend, lists, rows, source, scores)


def tile(
    backend: Backend, rows: Rows, first: int, last: int,
    weights: list[float], parts: list[tuple[Any, ...]],
) -> Array:  # fmt: skip
    """The blended scores for a run of rows, dense float32."""
    tiles = [scores(backend, rows, first, last, *arguments) for scores, arguments in parts]
    held = take_blocked(rows.blocked, backend.xp.arange(first, last))
    owned = held.owned if isinstance(held, Blocked) else held
    return blend_tiles(tiles, weights, owned, denied_of(held))
