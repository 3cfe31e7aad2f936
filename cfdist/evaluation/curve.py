"""Quality against the number of components, from one factorization that is truncated."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cfdist.evaluation.candidates import Candidate
from cfdist.evaluation.folds import Fold
from cfdist.evaluation.intervals import estimate, paired
from cfdist.evaluation.measure import measure
from cfdist.evaluation.ranks import ranks_of
from cfdist.evaluation.target import Target
from cfdist.schema import ITEM_NEIGHBORS, LATENT, USER_NEIGHBORS
from cfdist.settings import RecommendSettings
from cfdist.stages.context import Context
from cfdist.stages.factorize import truncate
from cfdist.stages.fitting import Fitting

SHARES = (0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
FEW_SHARES = (0.2, 0.5, 1.0)
"""Where the answer must come in seconds: each point but the last is a search of its own."""


def component_curve(
    context: Context,
    fold: Fold,
    candidate: Candidate,
    target: Target,
    shares: Sequence[float] = SHARES,
) -> list[dict[str, Any]]:
    """Energy and mean of the target at several numbers of components, none of them refitted.

    The elbow is the smallest number that cannot be told from the best: the paired difference is
    within one standard error. Methods that do not use these factors are shown by ``latent``.

    Parameters
    ----------
    shares : sequence of float
        Which parts of all components, ascending; the last is 1.

    Notes
    -----
    With ``latent.article_scaling`` other than 1 the scaled matrix is factorized at each number.
    """
    uses_factors = _uses_factors(candidate.config(context.config).recommend)
    method = candidate.method if uses_factors else LATENT
    settings = dict(candidate.settings) | {
        "recommend.method": method,
        "recommend.n_recommendations": max(ranks_of(context.config.evaluation)),
    }
    own = context.with_config(Candidate(method, settings).config(context.config))
    whole = Fitting(own, fold.base.interactions)
    ks = ranks_of(context.config.evaluation)
    rows, columns = [], []
    for n in component_counts(whole.factors.n_components, shares):
        fitting = whole
        if n < whole.factors.n_components:
            fitting = Fitting(_with_components(own, n), fold.base.interactions)
            fitting.factors = truncate(own, whole.factors, n)
        columns.append(target.of(measure(own, fold, fitting, ks, filled=False)))
        rows.append(
            {
                "n_components": n,
                "method": method,
                "energy": sum(whole.factors.meta["energy"][:n]),
                "explained_variance_ratio": sum(whole.factors.meta["explained_variance_ratio"][:n]),
                **estimate(columns[-1])._asdict(),
            }
        )
    elbow = _elbow(columns)
    return [row | {"is_elbow": place == elbow} for place, row in enumerate(rows)]


def component_counts(n_components: int, shares: Sequence[float] = SHARES) -> list[int]:
    """Numbers up to ``n_components``, one per share.

    Examples
    --------
    >>> component_counts(50)
    [5, 10, 15, 20, 30, 40, 50]
    """
    return sorted({max(1, round(n_components * share)) for share in shares})


def _uses_factors(settings: RecommendSettings) -> bool:
    """Whether the lists of these settings depend on ``factorize.n_components``."""
    if settings.method == USER_NEIGHBORS:
        return settings.user_neighbors.space == "latent"
    if settings.method == ITEM_NEIGHBORS:
        return settings.item_neighbors.similarity == "latent"
    return settings.method == LATENT


def _with_components(context: Context, n_components: int) -> Context:
    """For what factorizes another matrix than the one whose factors are truncated."""
    config = context.config
    chosen = config.factorize.model_copy(update={"n_components": n_components})
    return context.with_config(config.model_copy(update={"factorize": chosen}))


def _elbow(columns: list[np.ndarray[Any, Any]]) -> int:
    means = [np.nanmean(column) if (~np.isnan(column)).any() else -1.0 for column in columns]
    best = columns[int(np.argmax(means))]
    for place, column in enumerate(columns):
        behind = paired(best, column)
        if not behind.mean > behind.standard_error:
            return place
    return len(columns) - 1
