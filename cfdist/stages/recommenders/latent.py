"""``latent``: products of factor tables, PureSVD and its relatives."""

from typing import Any

import numpy as np

from cfdist.algorithms.lists import Lists
from cfdist.backends import Backend
from cfdist.schema import LATENT
from cfdist.stages.context import Stage
from cfdist.stages.factor_tables import factor_tables
from cfdist.stages.fitting import Fitting
from cfdist.stages.recommenders import Rows, Source

Array = np.ndarray[Any, Any]


def prepare(fitting: Fitting) -> Source:
    """Two tables whose product is the score."""
    tables = factor_tables(fitting)

    def arguments(stage: Stage) -> list[tuple[Any, ...]]:
        return [(users, tables.articles) for users in tables.users]

    return Source(LATENT, tables.key, fill, tile, arguments)


def fill(
    backend: Backend, lists: Lists, rows: Rows, source: int, users: Array, articles: Array
) -> None:
    """Fill by the products, each scored again in float64."""
    backend.scoring.fill_latent(lists, users[rows.local], articles, rows.blocked, source)


def tile(
    backend: Backend, rows: Rows, first: int, last: int, users: Array, articles: Array
) -> Array:
    """The same scores for a run of rows, dense float32."""
    products: Array = users[rows.local[first:last]] @ articles.T
    return products
