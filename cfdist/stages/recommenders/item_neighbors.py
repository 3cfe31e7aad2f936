"""``item_neighbors``: what is similar to the user's own articles."""

from typing import Any

import numpy as np

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.lists import Lists, rows_of_lists
from cfdist.backends import Backend
from cfdist.schema import ITEM_NEIGHBORS
from cfdist.stages.context import Stage
from cfdist.stages.fitting import Fitting
from cfdist.stages.item_paths import ItemPaths, item_paths
from cfdist.stages.recommenders import Rows, Source

Array = np.ndarray[Any, Any]


def prepare(fitting: Fitting) -> Source:
    """Similar articles by cosine of their factors, or by walks over users (RP3beta)."""
    similarity = fitting.context.config.recommend.item_neighbors.similarity
    near = fitting.similar_articles if similarity == "latent" else item_paths(fitting)
    blocks = fitting.matrix.blocks

    def arguments(stage: Stage) -> list[tuple[Any, ...]]:
        if isinstance(near, ItemPaths):
            return [(near.table,)] * len(blocks)
        table = stage.compute(_item_table, near.articles, label="table")
        return [(table,)] * len(blocks)

    return Source(ITEM_NEIGHBORS, f"{near.key} {fitting.matrix.key}", fill, tile, arguments)


def fill(backend: Backend, lists: Lists, rows: Rows, source: int, table: CsrBlock) -> None:
    """Fill by the mean similarity to the history."""
    backend.scoring.fill_through(lists, rows.history, table, rows.blocked, source)


def tile(backend: Backend, rows: Rows, first: int, last: int, table: CsrBlock) -> Array:
    """The same scores for a run of rows, dense."""
    means: Array = backend.scoring.mean_through(rows.history_of(first, last), table)
    return means


def _item_table(_: Backend, found: dict[str, Array]) -> CsrBlock:
    """Articles × similar articles."""
    return rows_of_lists(found["ids"], found["scores"], len(found["ids"]))
