"""Measure candidates on held-out purchases, compare them, choose one."""

import time
from collections.abc import Sequence
from typing import Any

from cfdist.errors import CfdistError, ClusterError
from cfdist.evaluation.candidates import Candidate
from cfdist.evaluation.comparison import Outcome, difference, mean_of
from cfdist.evaluation.curve import component_curve
from cfdist.evaluation.decision import Standing, choose
from cfdist.evaluation.folds import Fold, open_folds
from cfdist.evaluation.measure import measure
from cfdist.evaluation.partners import measure_partners
from cfdist.evaluation.ranks import ranks_of
from cfdist.evaluation.target import Target, target_of
from cfdist.evaluation.watching import watch
from cfdist.schema import POPULAR
from cfdist.stages.context import Context
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import Interactions


class Comparison:
    """Folds, candidates and what they reached.

    Attributes
    ----------
    folds : list of Fold
    outcomes : list of Outcome
        In the order of the candidates; `popular` is always among them.
    target : Target
        What candidates are judged by.
    curve : list of dict
        Quality against the number of components; empty where it was not asked for.
    partners : dict
        What the pairs are worth; empty where it was not asked for.
    """

    def __init__(self, folds: list[Fold], outcomes: list[Outcome], target: Target) -> None:
        self.folds = folds
        self.outcomes = outcomes
        self.target = target
        self.curve: list[dict[str, Any]] = []
        self.partners: dict[str, Any] = {}

    @property
    def choosing(self) -> list[Fold]:
        """The folds that decide: those before the one that reports, or the only one."""
        return [fold for fold in self.folds if fold.role == "choose"] or self.folds

    @property
    def reporting(self) -> Fold:
        """The latest fold."""
        return self.folds[-1]

    @property
    def able(self) -> list[Outcome]:
        """Candidates with figures."""
        return [outcome for outcome in self.outcomes if outcome.error is None]

    @property
    def popular(self) -> Outcome | None:
        """The baseline, unless it failed."""
        return next((o for o in self.able if o.candidate.method == POPULAR), None)


def compare(
    context: Context, interactions: Interactions, candidates: Sequence[Candidate],
    *, with_curve_of: Candidate | None = None, with_partners: bool = False,
) -> Comparison:  # fmt: skip
    """Every candidate on every fold; one that fails is in the result with its error.

    Parameters
    ----------
    with_curve_of : Candidate, optional
        Measure this one at several numbers of components on the latest fold, too.

    with_partners : bool
        Measure the pairs on the baskets of the latest fold, too.

    Raises
    ------
    DataError, ConfigError
        The rows cannot be split, or a setting of ``evaluation`` is wrong.

    Notes
    -----
    Folds and candidates share every stage whose settings are the same.
    """
    target = target_of(context.config.evaluation)
    progress = watch(context.progress)
    own = context.sharing(progress)
    with progress.candidate("hold out"):
        folds = open_folds(own, interactions)
    outcomes = []
    for candidate in candidates:
        with progress.candidate(candidate.name):
            outcomes.append(_measured(own, folds, candidate))
    found = Comparison(folds, outcomes, target)
    if with_curve_of is not None:
        with progress.candidate("components"):
            found.curve = component_curve(own, folds[-1], with_curve_of, target)
    if with_partners:
        with progress.candidate("pairs"):
            found.partners = measure_partners(own, folds[-1])
    context.seconds.update(progress.seconds)
    return found


def _measured(context: Context, folds: Sequence[Fold], candidate: Candidate) -> Outcome:
    """The candidate on all folds; an error of its own is kept instead of raised."""
    outcome = Outcome(candidate)
    started = time.perf_counter()
    settings = context.config.evaluation
    ks = ranks_of(settings)
    try:
        own = context.with_config(_with_length(candidate.config(context.config), max(ks)))
        for fold in folds:
            fitting = Fitting(own, fold.base.interactions)
            outcome.measured[fold.name] = measure(own, fold, fitting, ks, filled=settings.filled)
    except ClusterError:
        raise
    except CfdistError as error:
        outcome.error = error.message
    except Exception as error:  # whatever a candidate's own arithmetic raises is its failure
        outcome.error = f"{type(error).__name__}: {error}"
    outcome.seconds = time.perf_counter() - started
    return outcome


def _with_length(config: Any, n: int) -> Any:
    """The settings with lists as long as the longest that is measured."""
    return config.model_copy(
        update={"recommend": config.recommend.model_copy(update={"n_recommendations": n})}
    )


def standings(found: Comparison) -> list[Standing]:
    """Candidates with their distance from the best one, over the folds that choose."""
    folds, target = found.choosing, found.target
    means = {o.candidate.name: mean_of(folds, o, target) for o in found.able}
    best = max(found.able, key=lambda o: means[o.candidate.name].mean)
    rows = []
    for outcome in found.able:
        behind = difference(folds, best, outcome, target)
        name = outcome.candidate.name
        rows.append(
            Standing(
                name, outcome.candidate.simplicity, means[name].mean, behind.mean,
                behind.standard_error,
            )
        )  # fmt: skip
    return rows


def winner(found: Comparison) -> Outcome | None:
    """The candidate that the one-standard-error rule takes; None where nobody is judged."""
    rows = [row for row in standings(found) if row.mean == row.mean] if found.able else []
    if not rows:
        return None
    name = choose(rows).name
    return next(outcome for outcome in found.able if outcome.candidate.name == name)
