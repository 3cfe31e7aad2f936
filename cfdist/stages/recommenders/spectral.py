"""``spectral``: a graph filter over the normalised matrix and its factors (GF-CF and kin)."""

from typing import Any

import numpy as np

from cfdist.algorithms.csr import CsrBlock, binary
from cfdist.algorithms.pairs import transpose
from cfdist.algorithms.scoring import Lists
from cfdist.algorithms.spectral.filters import SpectralFilter
from cfdist.algorithms.spectral.tiles import filter_tile, low_rank_tile
from cfdist.algorithms.spectral.walk import TwoWays
from cfdist.backends import get_backend
from cfdist.schema import SPECTRAL
from cfdist.stages.context import Stage
from cfdist.stages.fitting import Fitting
from cfdist.stages.recommenders import Rows, Source
from cfdist.stages.recommenders.tiles import fill_by_tiles
from cfdist.stages.spectral import spectral, spectral_filter

Array = np.ndarray[Any, Any]


def prepare(fitting: Fitting) -> Source:
    """The filter of ``recommend.spectral``."""
    fitted = spectral(fitting)
    chosen = spectral_filter(fitting.context.config.recommend.spectral)

    def arguments(stage: Stage) -> list[tuple[Any, ...]]:
        two_ways = stage.submit(_both_ways, fitted.matrix, label="transpose")
        shared = (chosen, two_ways, fitting.matrix.articles)
        return [(left, fitted.articles, *shared) for left in fitted.users]

    return Source(SPECTRAL, fitted.key, fill, tile, arguments)


def fill(lists: Lists, rows: Rows, source: int, *arguments: Any) -> None:
    """Fill by dense scores, a tile of users at a time."""
    fill_by_tiles(lists, rows, source, lambda first, last: tile(rows, first, last, *arguments))


def tile(
    rows: Rows, first: int, last: int, left: Array, right: Array,
    chosen: SpectralFilter | None, matrix: TwoWays, articles: dict[str, Array],
) -> Array:  # fmt: skip
    """The filter's scores for a run of rows, dense float32."""
    scores = low_rank_tile(left[rows.local[first:last]], right)
    if chosen is None:
        return scores
    operator = get_backend("cpu").csr(matrix.by_user, np.float32)
    histories = binary(rows.history_of(first, last))
    degrees = articles["n_users"].astype(np.float64)
    scores += filter_tile(histories, chosen, operator, degrees, matrix)
    return scores


def _both_ways(matrix: CsrBlock) -> TwoWays:
    return TwoWays(matrix, transpose(matrix))
