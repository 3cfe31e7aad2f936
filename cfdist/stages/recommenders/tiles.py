"""Filling lists from dense scores, a tile of users at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cfdist.algorithms.lists import Lists
from cfdist.algorithms.spectral.tiles import TILE_USERS
from cfdist.backends import Backend
from cfdist.stages.recommenders import Rows

TILE_BYTES = 2**27


def tile_rows(n_articles: int) -> int:
    """Users of a tile: at most 512, and fewer where its float32 scores were over 128 MiB."""
    return max(1, min(TILE_USERS, TILE_BYTES // (4 * n_articles)))


def fill_by_tiles(
    backend: Backend,
    lists: Lists,
    rows: Rows,
    source: int,
    tile: Callable[[int, int], np.ndarray[Any, Any]],
) -> None:
    """Fill free places by the scores of ``tile(first, last)``, which are on the device."""
    n_rows, n_articles = rows.history.shape
    step = tile_rows(n_articles)
    for first in range(0, n_rows, step):
        last = min(first + step, n_rows)
        backend.scoring.fill_dense(lists, tile(first, last), first, rows.blocked, source)
