"""The recommenders, one module each: what a method needs fitted, and how a task scores with it."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from cfdist.algorithms.csr import CsrBlock, take_rows
from cfdist.algorithms.lists import Blocked, Lists
from cfdist.algorithms.namespace import namespace_of
from cfdist.backends import Backend
from cfdist.schema import (
    BLEND,
    HISTORY,
    ITEM_NEIGHBORS,
    LATENT,
    POPULAR,
    SPECTRAL,
    USER_NEIGHBORS,
)
from cfdist.stages.context import Stage
from cfdist.stages.fitting import Fitting

FALLBACKS: dict[str, tuple[str, ...]] = {
    USER_NEIGHBORS: (USER_NEIGHBORS, ITEM_NEIGHBORS, POPULAR),
    ITEM_NEIGHBORS: (ITEM_NEIGHBORS, POPULAR),
    LATENT: (LATENT, POPULAR),
    SPECTRAL: (SPECTRAL, POPULAR),
    BLEND: (BLEND, POPULAR),
    HISTORY: (HISTORY, POPULAR),
    POPULAR: (POPULAR,),
}
"""Who fills a list, in order, until it has N entries."""


@dataclass(frozen=True)
class Rows:
    """Distinct users of a block, as a task scores them; all of it is on the backend's device.

    Attributes
    ----------
    history : CsrBlock of weights ``(n_distinct, n_articles)``
    blocked : CsrBlock, same shape: what a list may not hold
    local : int64 ``(n_distinct,)`` row of each within the block
    """

    history: CsrBlock
    blocked: CsrBlock | Blocked
    local: np.ndarray[Any, Any]

    def history_of(self, first: int, last: int) -> CsrBlock:
        """Histories of a run of rows."""
        return take_rows(self.history, namespace_of(self.history.data).arange(first, last))


Fill = Callable[..., None]
"""``fill(backend, lists, rows, source, *arguments)``: fills free places of the lists in place."""
Tile = Callable[..., np.ndarray[Any, Any]]
"""``tile(backend, rows, first, last, *arguments)``: float32 scores of all articles for a run of
rows, on the device."""


@dataclass(frozen=True)
class Source:
    """A fitted recommender.

    Attributes
    ----------
    name : str
        One of ``schema.RECOMMENDERS``.
    key : str
        Hash of all that its scores depend on.
    fill : module-level function, see :data:`Fill`
    tile : module-level function, see :data:`Tile`; None where a blend cannot use it
    arguments : function of the stage that scores
        Returns, for each block of users, the futures and values that both functions are handed,
        on the device.
    """

    name: str
    key: str
    fill: Fill
    tile: Tile | None
    arguments: Callable[[Stage], list[tuple[Any, ...]]]


def prepare(name: str, fitting: Fitting) -> Source:
    """The recommender of that name; the module ``recommenders.<name>`` knows what it needs.

    Stages that fit it run now; this is called outside of any stage.
    """
    module = import_module(f"{__name__}.{name}")
    source: Source = module.prepare(fitting)
    return source


__all__ = ["FALLBACKS", "Backend", "Fill", "Lists", "Rows", "Source", "Tile", "prepare"]
