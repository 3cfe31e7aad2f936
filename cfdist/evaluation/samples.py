"""The honest sample: how far 1, 5, 10 and 20 % of the users are from all of them."""

from typing import Any

import numpy as np

from cfdist.errors import ConfigError, DataError
from cfdist.evaluation.candidates import Candidate, own_candidate, with_baseline
from cfdist.evaluation.comparison import difference, mean_of
from cfdist.evaluation.document import plain
from cfdist.evaluation.evaluate import Comparison, compare
from cfdist.evaluation.intervals import NORMAL_95, Estimate
from cfdist.stages.context import Context
from cfdist.stages.ingest import Interactions
from cfdist.stages.sample_users import sample_users

PERCENTS = (1.0, 5.0, 10.0, 20.0)
MIN_USERS = 50


def measure_samples(context: Context, interactions: Interactions) -> list[dict[str, Any]]:
    """Metric and variance of the method on samples, their drift, and what a sample can decide.

    Returns
    -------
    list of dict
        percent, n_users (judged), metric (estimate), drift (estimate of sample − whole), energy,
        energy_drift, separable (a sentence), difference (of two settings that can be seen).

    Notes
    -----
    The whole is what ``evaluation.max_users`` lets in. A sample is part of it, so the standard
    error of the drift is √(se² − se_whole²). Between two settings a paired difference below 1.96
    standard errors cannot be told from chance; the paired error against `popular` stands for it.
    """
    own = own_candidate(context.config)
    whole = _at(context, interactions, own)
    if whole is None:
        return []
    n_users = whole.reporting.base.index.n_users
    rows = []
    for percent in PERCENTS:
        size = max(MIN_USERS, round(n_users * percent / 100))
        found = _at(context, sample_users(context, interactions, size), own)
        if found is not None:
            rows.append(_row(percent, found, whole, own))
    return list(plain(rows))


def _at(context: Context, interactions: Interactions, own: Candidate) -> Comparison | None:
    """The comparison on a sample; None, and a note, where it is too small for one."""
    candidates = with_baseline([own])
    try:
        found = compare(context, interactions, candidates)
    except (DataError, ConfigError) as error:
        context.note(f"a sample cannot be measured: {error.message}")
        return None
    return found if len(found.able) == len(candidates) else None


def _row(percent: float, found: Comparison, whole: Comparison, own: Candidate) -> dict[str, Any]:
    here, there = (_estimate(comparison, own) for comparison in (found, whole))
    energy, energy_there = (_energy(comparison) for comparison in (found, whole))
    visible = NORMAL_95 * _paired_error(found, own)
    return {
        "percent": percent,
        "n_users": here.n_users,
        "metric": here._asdict(),
        "drift": _drift(here, there)._asdict(),
        "energy": energy,
        "energy_drift": energy - energy_there,
        "difference": visible,
        "separable": f"differences from {visible:.4f} on"
        if np.isfinite(visible)
        else "too small to decide anything",
    }


def _estimate(found: Comparison, own: Candidate) -> Estimate:
    return mean_of(found.choosing, _outcome(found, own), found.target)


def _outcome(found: Comparison, own: Candidate) -> Any:
    return next(outcome for outcome in found.able if outcome.candidate.name == own.name)


def _energy(found: Comparison) -> float:
    return float(sum(found.reporting.base.factors.meta["energy"]))


def _paired_error(found: Comparison, own: Candidate) -> float:
    if found.popular is None or found.popular.candidate.name == own.name:
        return _estimate(found, own).standard_error
    return difference(
        found.choosing, _outcome(found, own), found.popular, found.target
    ).standard_error


def _drift(here: Estimate, there: Estimate) -> Estimate:
    mean = here.mean - there.mean
    error = float(np.sqrt(max(here.standard_error**2 - there.standard_error**2, 0.0)))
    return Estimate(mean, mean - NORMAL_95 * error, mean + NORMAL_95 * error, error, here.n_users)
