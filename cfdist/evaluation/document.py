"""A comparison as JSON values: what is stored, printed, and drawn."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from cfdist.evaluation.comparison import Outcome, difference, mean_of
from cfdist.evaluation.evaluate import Comparison, standings
from cfdist.evaluation.examples import example_lists
from cfdist.evaluation.folds import Fold
from cfdist.evaluation.groups import by_category, by_history
from cfdist.evaluation.measure import TRUTHS
from cfdist.evaluation.metrics import METRICS
from cfdist.evaluation.ranks import ranks_of
from cfdist.evaluation.target import Target
from cfdist.evaluation.windows import split_label
from cfdist.input.dates import show_date
from cfdist.redact import redact, redact_text
from cfdist.stages.context import Context


def document(context: Context, found: Comparison, shown: Outcome | None) -> dict[str, Any]:
    """Everything about a comparison.

    Parameters
    ----------
    shown : Outcome or None
        The candidate whose lists, groups and categories are looked at.
    """
    settings = context.config.evaluation
    label, warning = split_label(settings)
    values: dict[str, Any] = plain(
        {
            "title": f"{found.target.name} on {redact_text(context.config.ingest.input)}",
            "run": context.run_id,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "cfdist_version": version("cfdist"),
            "input": redact_text(context.config.ingest.input),
            "metric": found.target.metric,
            "k": found.target.k,
            "articles": found.target.kind,
            "filled": settings.filled,
            "owned": context.config.recommend.owned,
            "split": {
                "kind": settings.split,
                "label": label,
                "warning": warning,
                "windows": [_window(fold) for fold in found.folds],
            },
            "population": _population(context, found),
            "candidates": _candidates(context, found),
            "components": found.curve,
            "pairs": found.partners,
            "examples": _examples(context, found, shown),
            "settings": redact(context.config.model_dump(mode="json")),
            "notes": list(context.notes),
        }
    )
    return values


def headline(result: Mapping[str, Any]) -> dict[str, Any]:
    """The primary metric of every candidate, for the record of the run."""
    name, kind = f"{result['metric']}@{result['k']}", result["articles"]
    return {
        "metric": name,
        "candidates": {
            row["name"]: row["metrics"][kind][name]
            for row in result["candidates"]
            if row["status"] == "ok"
        },
    }


def _window(fold: Fold) -> dict[str, Any]:
    train = fold.base.interactions.meta
    first = train.get("first_timestamp")
    return {
        "name": fold.name,
        "role": fold.role,
        "train_from": show_date(first) if first is not None and fold.window else None,
        "train_until": show_date(fold.window.from_us) if fold.window else None,
        "test_until": show_date(fold.window.until_us) if fold.window else None,
        "n_train_rows": train["rows_used"],
        "n_test_rows": fold.held_out.meta["n_rows"],
    }


def _population(context: Context, found: Comparison) -> dict[str, Any]:
    """Who is judged, in the last of the folds that choose."""
    fold = found.choosing[-1]
    ks = ranks_of(context.config.evaluation)
    return {"window": fold.name} | fold.counts.population(found.target.kind, ks)


def _candidates(context: Context, found: Comparison) -> list[dict[str, Any]]:
    behind = {row.name: row for row in standings(found)} if found.able else {}
    best = min(behind.values(), key=lambda row: row.behind, default=None)
    by_name = {outcome.candidate.name: outcome for outcome in found.able}
    rows = []
    for outcome in found.outcomes:
        row: dict[str, Any] = {
            "name": outcome.candidate.name,
            "method": outcome.candidate.method,
            "settings": dict(outcome.candidate.settings),
            "status": "failed" if outcome.error else "ok",
            "error": redact_text(outcome.error) if outcome.error else None,
            "seconds": round(outcome.seconds, 3),
        }
        if not outcome.error:
            row |= _figures(context, found, outcome)
            if best is not None:
                against = difference(found.choosing, outcome, by_name[best.name], found.target)
                row["against_best"] = against._asdict()
        rows.append(row)
    return rows


def _figures(context: Context, found: Comparison, outcome: Outcome) -> dict[str, Any]:
    fold, target = found.reporting, found.target
    measured = outcome.measured[fold.name]
    row: dict[str, Any] = {
        "metrics": _all_metrics(context, found.choosing, outcome),
        "lists": measured.lists,
        "groups": by_history(fold, measured, target),
        "categories": by_category(fold, measured),
    }
    if len(found.folds) > 1:
        row["report_metrics"] = _all_metrics(context, [fold], outcome)
    if found.popular is not None:
        row["against_popular"] = difference(
            found.choosing, outcome, found.popular, target
        )._asdict()
        row["report_against_popular"] = difference([fold], outcome, found.popular, target)._asdict()
    return row


def _all_metrics(
    context: Context, folds: Sequence[Fold], outcome: Outcome
) -> dict[str, dict[str, Any]]:
    ks = ranks_of(context.config.evaluation)
    return {
        kind: {
            f"{metric}@{k}": mean_of(folds, outcome, Target(kind, metric, k, place))._asdict()
            for metric in METRICS
            for place, k in enumerate(ks)
        }
        for kind in TRUTHS
    }


def _examples(context: Context, found: Comparison, shown: Outcome | None) -> list[dict[str, Any]]:
    if shown is None:
        return []
    fold = found.reporting
    return example_lists(context, fold, shown.measured[fold.name], found.target.k)


def plain(value: Any) -> Any:
    """JSON values; a figure that is not a finite number is None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
