"""Two runs side by side: settings that differ, metrics, candidates, seconds."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cfdist.config import flatten
from cfdist.errors import DataError
from cfdist.evaluation.intervals import NORMAL_95, Estimate, paired_clustered
from cfdist.runs.evaluations import read_evaluation
from cfdist.runs.record import RunRecord, list_runs, read_run
from cfdist.runs.study import told
from cfdist.runs.values import UserValues, read_values

WINDOW = ("name", "train_from", "train_until", "test_until", "n_train_rows", "n_test_rows")
PLACES = {"last": -1, "previous": -2}
Document = Mapping[str, Any]


def find_run(runs: Path, name: str) -> RunRecord:
    """The record of a run by its id, the unique start of it, ``last`` or ``previous``.

    Raises
    ------
    DataError
        There is no such run.
    """
    if name not in PLACES:
        return read_run(runs, name)
    records = list_runs(runs)
    if len(records) < -PLACES[name]:
        raise DataError(
            f"there is no {name} run: {runs} has {len(records)}", remedy="see `cfdist runs list`"
        )
    return records[PLACES[name]]


def compare_runs(runs: Path, a: RunRecord, b: RunRecord) -> dict[str, Any]:
    """What differs between two runs, as JSON values; differences are b − a.

    Returns
    -------
    dict
        ``a``, ``b``: what the runs are. ``settings``, ``metrics``, ``seconds``: lists of dicts
        with ``name``, ``a``, ``b``. ``evaluation``: see :func:`compare_evaluations`; None where
        one of them measured no candidates.
    """
    return {
        "a": _head(a),
        "b": _head(b),
        "settings": _differing(flatten(a.settings), flatten(b.settings)),
        "metrics": _beside(_numbers(a.metrics), _numbers(b.metrics)),
        "evaluation": _evaluations(runs, a.run, b.run),
        "seconds": [
            *_beside(a.seconds, b.seconds),
            {"name": "total", "a": a.total_seconds, "b": b.total_seconds},
        ],
    }


def compare_evaluations(
    a: Document, b: Document, values_a: UserValues | None, values_b: UserValues | None
) -> dict[str, Any]:
    """The primary metric of every candidate of two evaluations, and differences b − a.

    Returns
    -------
    dict
        ``metric``; ``paired``: whether differences are over the same users; ``reason``: why, or
        why not, or why nothing can be compared; ``candidates``: ``name``, ``a``, ``b`` and
        ``difference`` (estimates; None where one run did not measure it).

    Notes
    -----
    Paired where both runs kept values per user, for the same windows and users: then the interval
    leaves out how users differ from each other. Otherwise the standard error is √(sₐ² + s_b²),
    which is too large where the users are the same.
    """
    metric = _metric(a)
    if metric != _metric(b):
        reason = f"A was judged by {metric}, B by {_metric(b)}: their values say nothing together"
        return {"metric": None, "paired": False, "reason": reason, "candidates": []}
    reason = _why_unpaired(a, b, values_a, values_b)
    measured_a, measured_b = _estimates(a), _estimates(b)
    rows = []
    for name in dict.fromkeys([*measured_a, *measured_b]):
        one, other = measured_a.get(name), measured_b.get(name)
        found = None
        if one and other:
            pair = None if reason else _paired(a, name, values_a, values_b)
            found = told(pair or _unpaired(one, other))
        rows.append({"name": name, "a": one, "b": other, "difference": found})
    return {
        "metric": metric,
        "paired": not reason,
        "reason": reason or "the same users in the same windows: paired differences",
        "candidates": rows,
    }


def _head(record: RunRecord) -> dict[str, Any]:
    return {
        "run": record.run,
        "command": record.command,
        "status": record.status,
        "started_at": record.started_at,
        "build": record.build,
    }


def _differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = _beside(a, b)
    return [row for row in rows if row["a"] != row["b"]]


def _beside(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": key, "a": a.get(key), "b": b.get(key)} for key in dict.fromkeys([*a, *b])]


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Figures of a run; lists and figures of candidates have their own place."""
    return {
        key: value
        for key, value in flatten(metrics).items()
        if isinstance(value, int | float) and not key.startswith("candidates.")
    }


def _evaluations(runs: Path, a: str, b: str) -> dict[str, Any] | None:
    one, other = read_evaluation(runs, a), read_evaluation(runs, b)
    if one is None or other is None:
        return None
    return compare_evaluations(one, other, read_values(runs, a), read_values(runs, b))


def _metric(document: Document) -> str:
    return f"{document['metric']}@{document['k']} on {document['articles']} articles"


def _estimates(document: Document) -> dict[str, dict[str, Any]]:
    """The primary metric of every candidate that has figures."""
    name = f"{document['metric']}@{document['k']}"
    return {
        row["name"]: row["metrics"][document["articles"]][name]
        for row in document["candidates"]
        if row["status"] == "ok"
    }


def _why_unpaired(
    a: Document, b: Document, values_a: UserValues | None, values_b: UserValues | None
) -> str:
    """Empty where both runs judged the same users by the same purchases."""
    for name, values in (("A", values_a), ("B", values_b)):
        if values is None:
            return f"{name} kept no values per user: the difference is unpaired"
    assert values_a is not None
    assert values_b is not None
    one, other = _windows(a), _windows(b)
    if a["split"]["kind"] != b["split"]["kind"] or one != other:
        return "A and B held out other purchases: the difference is unpaired"
    for fold in _folds(a):
        if not np.array_equal(values_a.users[fold], values_b.users[fold]):
            return "A and B judged other users: the difference is unpaired"
    return ""


def _choosing(document: Document) -> list[Mapping[str, Any]]:
    """The windows that candidates were compared on."""
    windows = document["split"]["windows"]
    return [window for window in windows if window["role"] == "choose"] or windows


def _windows(document: Document) -> list[list[Any]]:
    return [[window.get(key) for key in WINDOW] for window in _choosing(document)]


def _folds(document: Document) -> list[str]:
    return [window["name"] for window in _choosing(document)]


def _paired(
    document: Document, name: str, values_a: UserValues | None, values_b: UserValues | None
) -> Estimate:
    assert values_a is not None
    assert values_b is not None
    folds = _folds(document)
    one, other = (_joined(values.of[name], folds) for values in (values_a, values_b))
    return paired_clustered(other, one, _joined(values_a.users, folds))


def _joined(arrays: Mapping[str, Any], folds: Sequence[str]) -> Any:
    return np.concatenate([arrays[fold] for fold in folds])


def _unpaired(a: Mapping[str, Any], b: Mapping[str, Any]) -> Estimate:
    """b − a as if the users were others."""
    if a["mean"] is None or b["mean"] is None:
        return Estimate(math.nan, math.nan, math.nan, math.nan, 0)
    mean = b["mean"] - a["mean"]
    errors = [math.inf if x["standard_error"] is None else x["standard_error"] for x in (a, b)]
    error = math.hypot(*errors)
    half = NORMAL_95 * error
    return Estimate(mean, mean - half, mean + half, error, min(a["n_users"], b["n_users"]))
