"""The same users × articles under other weights, for methods that factorize them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.variance import add_totals
from cfdist.algorithms.weighting import column_scaled, degree_normalized
from cfdist.backends import Backend
from cfdist.stages.context import Context
from cfdist.stages.index import tree_reduce
from cfdist.stages.matrix import UserItemMatrix, per_article, totals_of

Array = np.ndarray[Any, Any]


def normalize_degrees(
    context: Context, matrix: UserItemMatrix, user_exponent: float, article_exponent: float
) -> UserItemMatrix:
    """R̃ = D_U^-a R D_I^-b of the binary pattern; its largest singular value is 1 for a = b = ½."""
    return _reweight(context, matrix, _normalized, user_exponent, article_exponent)


def scale_columns(context: Context, matrix: UserItemMatrix, scaling: float) -> UserItemMatrix:
    """Columns scaled by n_users^(scaling − 1)."""
    return _reweight(context, matrix, _scaled, scaling)


def _reweight(
    context: Context, matrix: UserItemMatrix, task: Callable[..., CsrBlock], *values: float
) -> UserItemMatrix:
    with context.stage("reweight", matrix.key, task.__name__, values) as stage:
        found = stage.resume(UserItemMatrix)
        if found is not None:
            return found
        blocks = [
            stage.compute(task, block, matrix.articles, *values, part="blocks")
            for block in matrix.blocks
        ]
        totals = [stage.compute(totals_of, block, label="totals") for block in blocks]
        total = tree_reduce(stage, add_totals, totals, label="sum")
        articles = stage.submit(per_article, total, part="articles")
        stage.wait([*blocks, total, articles])
        meta = dict(matrix.meta) | {"squared_norm": total.result().squared_norm}
        return stage.complete(UserItemMatrix, meta, blocks=blocks, articles=[articles])


def _normalized(
    _: Backend,
    block: CsrBlock,
    articles: dict[str, Array],
    user_exponent: float,
    article_exponent: float,
) -> CsrBlock:
    return degree_normalized(block, articles["n_users"], user_exponent, article_exponent)


def _scaled(_: Backend, block: CsrBlock, articles: dict[str, Array], scaling: float) -> CsrBlock:
    xp = namespace_of(articles["n_users"])
    n_users = xp.maximum(articles["n_users"], 1).astype(np.float64)
    return column_scaled(block, n_users ** (scaling - 1))
