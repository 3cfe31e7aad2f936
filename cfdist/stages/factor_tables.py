"""Two tables of factors whose product scores articles for users: PureSVD and its relatives."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.low_rank_ease import ease_tables
from cfdist.backends import Backend
from cfdist.stages.context import Artifact, Stage
from cfdist.stages.factorize import Factors, factorize
from cfdist.stages.fitting import Fitting
from cfdist.stages.matrix import UserItemMatrix
from cfdist.stages.reweight import scale_columns

Array = np.ndarray[Any, Any]


class FactorTables(Artifact):
    """Score of an article for a user: the product of two rows.

    Parts ``users``: float32 ``(n_users of the block, n_components)`` per block; ``articles``:
    float32 ``(n_articles, n_components)``.
    """

    @property
    def users(self) -> Sequence[Future]:
        """One table per block of users."""
        return self.parts["users"]

    @property
    def articles(self) -> Future:
        """One table of all articles."""
        return self.parts["articles"][0]


def factor_tables(fitting: Fitting) -> FactorTables:
    """Tables of ``recommend.latent``: PureSVD, with scaled columns, or low-rank EASE.

    References
    ----------
    Cremonesi, Koren, Turrin: Performance of recommender algorithms on top-N recommendation tasks,
    RecSys 2010. Nikolakopoulos, Kalantzis, Gallopoulos, Garofalakis: EigenRec, KAIS 2019 (column
    scaling). Steck: Embarrassingly shallow autoencoders, WWW 2019, here with XᵀX replaced by its
    truncated eigendecomposition.
    """
    context, settings = fitting.context, fitting.context.config.recommend.latent
    factors = _factors(fitting)
    if settings.article_scaling == 1 and settings.ease_lambda is None:
        parts = {"users": factors.user_factors, "articles": [factors.item_factors]}
        return FactorTables(factors.key, {}, parts)
    with context.stage("latent", factors.key, settings.model_dump()) as stage:
        found = stage.resume(FactorTables)
        if found is not None:
            return found
        return _fit(stage, fitting.matrix, factors, settings.ease_lambda)


def _factors(fitting: Fitting) -> Factors:
    scaling = fitting.context.config.recommend.latent.article_scaling
    if scaling == 1:
        return fitting.factors
    return factorize(fitting.context, scale_columns(fitting.context, fitting.matrix, scaling))


def _fit(
    stage: Stage, matrix: UserItemMatrix, factors: Factors, ease_lambda: float | None
) -> FactorTables:
    both = stage.submit(
        _tables, factors.item_factors, factors.singular_values, ease_lambda, label="weigh"
    )
    right = stage.submit(_second, both, part="articles")
    users = [stage.compute(_project, block, both, part="users") for block in matrix.blocks]
    stage.wait([right, *users])
    return stage.complete(FactorTables, {}, users=users, articles=[right])


def _tables(
    item_factors: Array, singular_values: Array, ease_lambda: float | None
) -> tuple[Array, Array]:
    """What projects a row, and what it is multiplied with."""
    if ease_lambda is None:
        return item_factors, item_factors
    return ease_tables(item_factors, singular_values, ease_lambda)


def _second(pair: tuple[Array, Array]) -> Array:
    return pair[1]


def _project(backend: Backend, block: CsrBlock, both: tuple[Array, Array]) -> Array:
    projected: Array = backend.csr(block, np.float32).times(both[0])
    return projected
