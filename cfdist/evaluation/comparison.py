"""Candidates over one or several folds: means, and paired differences over the same users."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cfdist.evaluation.candidates import Candidate
from cfdist.evaluation.folds import Fold
from cfdist.evaluation.intervals import Estimate, estimate_clustered, paired_clustered
from cfdist.evaluation.measure import Measured
from cfdist.evaluation.target import Target

Array = np.ndarray[Any, Any]


@dataclass
class Outcome:
    """A candidate and what it reached.

    Attributes
    ----------
    measured : dict
        By the name of the fold.
    error : str or None
        Why it failed; it has no figures then.
    """

    candidate: Candidate
    measured: dict[str, Measured] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None


def mean_of(folds: Sequence[Fold], outcome: Outcome, target: Target) -> Estimate:
    """Mean over the users of all folds, one cluster per user."""
    return estimate_clustered(_column(folds, outcome, target), _users(folds))


def difference(folds: Sequence[Fold], a: Outcome, b: Outcome, target: Target) -> Estimate:
    """Mean of a − b over the same users in the same folds, one cluster per user."""
    return paired_clustered(_column(folds, a, target), _column(folds, b, target), _users(folds))


def _column(folds: Sequence[Fold], outcome: Outcome, target: Target) -> Array:
    return np.concatenate([target.of(outcome.measured[fold.name]) for fold in folds])


def _users(folds: Sequence[Fold]) -> Array:
    return np.concatenate([fold.users for fold in folds])
