"""Where a candidate is good: users by the length of their history, articles by category."""

from typing import Any

import numpy as np

from cfdist.evaluation.folds import Fold
from cfdist.evaluation.intervals import estimate
from cfdist.evaluation.measure import Measured
from cfdist.evaluation.target import Target

GROUPS = ("light", "medium", "heavy")
TOP_CATEGORIES = 12


def by_history(fold: Fold, measured: Measured, target: Target) -> list[dict[str, Any]]:
    """Mean and interval of three groups of users, about a third of the judged users each."""
    values = target.of(measured)
    judged = ~np.isnan(values)
    if not judged.any():
        return []
    edges = np.quantile(fold.n_owned[judged], [1 / 3, 2 / 3], method="lower")
    group = np.searchsorted(edges, fold.n_owned, side="left")
    rows = []
    for number, name in enumerate(GROUPS):
        members = judged & (group == number)
        if not members.any():
            continue
        owned = fold.n_owned[members]
        found = estimate(values[members])._asdict()
        rows.append({"group": f"{name} ({_span(owned.min(), owned.max())})"} | found)
    return rows


def by_category(fold: Fold, measured: Measured) -> list[dict[str, Any]]:
    """Share of held-out articles that were listed, in the categories with most of them."""
    hits, held = measured.categories[:, 0], measured.categories[:, 1]
    largest = np.argsort(-held, kind="stable")[:TOP_CATEGORIES]
    return [
        {
            "category": fold.categories.names[place],
            "n": int(held[place]),
            "hit_rate": float(hits[place] / held[place]),
        }
        for place in largest
        if held[place]
    ]


def _span(low: int, high: int) -> str:
    if low == high:
        return f"{low} article{'' if low == 1 else 's'}"
    return f"{low}-{high} articles"
