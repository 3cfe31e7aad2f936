"""One candidate on one fold: a value per user, metric and rank, and figures of the lists."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.exact_neighbors import article_units
from cfdist.evaluation.folds import Fold
from cfdist.evaluation.metrics import METRICS, per_user
from cfdist.evaluation.metrics.hits import hit_matrix
from cfdist.evaluation.metrics.list_totals import (
    add_list_totals,
    finish_list_totals,
    list_totals,
)
from cfdist.evaluation.truth import Truth
from cfdist.stages.context import Context
from cfdist.stages.fitting import Fitting
from cfdist.stages.recommend import Recommendations, recommend

Array = np.ndarray[Any, Any]
TRUTHS = ("new", "all")


@dataclass(frozen=True)
class Measured:
    """What a candidate's lists are worth on the users of a fold.

    Attributes
    ----------
    values : dict
        ``"new"`` and ``"all"`` → metric → float64 ``(n_users, len(ks))``; nan: not judged.
    lists : dict
        Figures of the lists themselves, such as ``"coverage@10"``.
    categories : int64 ``(n_categories, 2)``: hits and held-out articles, at the largest k
    recommendations : Recommendations
        The lists, for examples.
    """

    values: dict[str, dict[str, Array]]
    lists: dict[str, float]
    categories: Array
    recommendations: Recommendations


def measure(
    context: Context, fold: Fold, fitting: Fitting, ks: tuple[int, ...], *, filled: bool
) -> Measured:
    """Values of all metrics for the lists that the settings of ``fitting`` make.

    Notes
    -----
    One task per block of users looks at lists and truth; the values come to the client: 8 bytes
    × users × metrics × ranks × 2.
    """
    lists = _lists(fitting, filled)
    with context.stage("measure", lists.key, fold.key, ks) as stage:
        base = fold.base
        units = stage.submit(
            article_units, base.factors.item_factors, base.factors.singular_values, label="units"
        )
        blocks = [
            stage.submit(
                _measure_block, block, truth, base.matrix.articles, base.index.n_users, units,
                fold.categories.codes, len(fold.categories.names), ks,
            )
            for block, truth in zip(lists.lists, fold.truths, strict=True)
        ]  # fmt: skip
        stage.wait(blocks)
        found = [future.result() for future in blocks]
        articles = stage.result(base.matrix.articles)
    totals = found[0][1]
    for _, more, _ in found[1:]:
        totals = add_list_totals(totals, more)
    return Measured(
        _joined([values for values, _, _ in found]),
        finish_list_totals(totals, articles["n_users"], ks),
        np.sum([categories for _, _, categories in found], axis=0),
        lists,
    )


def _lists(fitting: Fitting, filled: bool) -> Recommendations:
    """The lists; what would fill them up is fitted only where the method leaves places free."""
    own = recommend(fitting, filled=False)
    if filled and own.meta["n_short_lists"]:
        return recommend(fitting, filled=True)
    return own


def _measure_block(
    lists: dict[str, Array], truth: Truth, articles: dict[str, Array], n_users: int, units: Array,
    categories: Array, n_categories: int, ks: tuple[int, ...],
) -> tuple[dict[str, dict[str, Array]], Any, Array]:  # fmt: skip
    chosen = lists["articles"][lists["row_of_user"]]
    values = {kind: per_user(chosen, getattr(truth, kind), ks, METRICS) for kind in TRUTHS}
    totals = list_totals(chosen, articles["n_users"], n_users, units, ks)
    return values, totals, _category_hits(chosen, truth.new, categories, n_categories)


def _category_hits(lists: Array, truth: CsrBlock, categories: Array, n_categories: int) -> Array:
    """Hits and held-out articles of every category, int64 ``(n_categories, 2)``."""
    hits = hit_matrix(lists, truth)
    hit, held = categories[lists[hits]], categories[truth.indices]
    return np.stack(
        [np.bincount(codes[codes >= 0], minlength=n_categories) for codes in (hit, held)], axis=1
    )


def _joined(blocks: list[dict[str, dict[str, Array]]]) -> dict[str, dict[str, Array]]:
    """The values of all blocks, users in the order of the index."""
    return {
        kind: {
            metric: np.concatenate([block[kind][metric] for block in blocks]) for metric in METRICS
        }
        for kind in TRUTHS
    }
