"""``spectral``: a graph filter over the normalised matrix and its factors (GF-CF and kin)."""

from typing import Any, NamedTuple

import numpy as np

from cfdist.algorithms.csr import CsrBlock, binary
from cfdist.algorithms.lists import Lists
from cfdist.algorithms.pairs import transpose
from cfdist.algorithms.spectral.filters import SpectralFilter
from cfdist.algorithms.spectral.tiles import filter_tile, low_rank_tile
from cfdist.algorithms.spectral.walk import TwoWays
from cfdist.backends import Backend, get_backend
from cfdist.schema import SPECTRAL
from cfdist.stages.context import Stage
from cfdist.stages.fitting import Fitting
from cfdist.stages.recommenders import Rows, Source
from cfdist.stages.recommenders.tiles import fill_by_tiles
from cfdist.stages.spectral import spectral, spectral_filter

Array = np.ndarray[Any, Any]


class Graph(NamedTuple):
    """What a filter walks over; it stays on the host.

    Attributes
    ----------
    matrix : TwoWays
    degrees : float64 ``(n_articles,)``
    """

    matrix: TwoWays
    degrees: Array

    @property
    def on_host(self) -> tuple[str, ...]:
        """Fields that are never moved to a device."""
        return self._fields


def prepare(fitting: Fitting) -> Source:
    """The filter of ``recommend.spectral``."""
    fitted = spectral(fitting)
    chosen = spectral_filter(fitting.context.config.recommend.spectral)

    def arguments(stage: Stage) -> list[tuple[Any, ...]]:
        graph = stage.submit(_graph, fitted.matrix, fitting.matrix.articles, label="transpose")
        return [(left, fitted.articles, chosen, graph) for left in fitted.users]

    return Source(SPECTRAL, fitted.key, fill, tile, arguments)


def fill(backend: Backend, lists: Lists, rows: Rows, source: int, *arguments: Any) -> None:
    """Fill by dense scores, a tile of users at a time."""

    def scores(first: int, last: int) -> Array:
        return tile(backend, rows, first, last, *arguments)

    fill_by_tiles(backend, lists, rows, source, scores)


def tile(
    backend: Backend, rows: Rows, first: int, last: int,
    left: Array, right: Array, chosen: SpectralFilter | None, graph: Graph,
) -> Array:  # fmt: skip
    """The filter's scores for a run of rows, dense float32.

    Notes
    -----
    The low-rank part is made on the device, the walk on the host: histories go there, scores back.
    """
    scores = low_rank_tile(left[rows.local[first:last]], right)
    if chosen is None:
        return scores
    operator = get_backend("cpu").csr(graph.matrix.by_user, np.float32)
    histories = backend.to_host(binary(rows.history_of(first, last)))
    scores += backend.to_device(
        filter_tile(histories, chosen, operator, graph.degrees, graph.matrix)
    )
    return scores


def _graph(matrix: CsrBlock, articles: dict[str, Array]) -> Graph:
    return Graph(TwoWays(matrix, transpose(matrix)), articles["n_users"].astype(np.float64))
