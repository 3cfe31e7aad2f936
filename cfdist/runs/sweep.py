"""``cfdist sweep``: trials over a space of settings, the best one judged against the defaults."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cfdist.config import flatten
from cfdist.errors import ClusterError, DataError
from cfdist.evaluation.candidates import Candidate, own_candidate
from cfdist.evaluation.comparison import Outcome, mean_of
from cfdist.evaluation.evaluate import Comparison, _measured
from cfdist.evaluation.folds import Fold, open_folds
from cfdist.evaluation.ranks import ranks_of
from cfdist.evaluation.target import Target, target_of
from cfdist.redact import redact_text
from cfdist.runs.effects import METHOD
from cfdist.runs.recent import RecentArtifacts
from cfdist.runs.space import Space
from cfdist.runs.study import Study, Trial, told
from cfdist.runs.sweep_folder import FOLDER, alone, begin, described
from cfdist.runs.sweep_progress import SweepProgress
from cfdist.schema import POPULAR
from cfdist.stages.context import Context
from cfdist.stages.ingest import Interactions, ingest
from cfdist.stages.progress import Silence

DEFAULTS = "defaults"
BEST = "best"
DONE, STOPPED, TIMED_OUT = "done", "stopped", "timed out"


@dataclass
class Sweep:
    """What a sweep has come to.

    Attributes
    ----------
    context : Context
        Of the settings that all trials share, with the memory of recent stages.
    folds : list of Fold
    study : Study
        The trials.
    outcomes : dict of Outcome
        ``popular``, ``defaults`` and ``best``, as far as they were measured.
    status : {"done", "stopped", "timed out"}
    """

    context: Context
    space: Space
    folds: list[Fold]
    target: Target
    study: Study
    n_trials: int
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    status: str = DONE

    @property
    def comparison(self) -> Comparison:
        """The candidates on all folds that each of them was measured on."""
        outcomes = list(self.outcomes.values())
        able = [outcome for outcome in outcomes if outcome.error is None]
        folds = [f for f in self.folds if all(f.name in outcome.measured for outcome in able)]
        return Comparison(folds, outcomes, self.target)

    @property
    def choosing(self) -> list[Fold]:
        """The folds that trials are measured on."""
        return Comparison(self.folds, [], self.target).choosing


def sweep(
    context: Context, space: Space, n_trials: int, *, timeout_s: float | None = None
) -> Sweep:
    """Trials of a space, the settings as they are first, and the best on the fold that reports.

    Parameters
    ----------
    n_trials : int
        In all: trials that the folder of the run has already count.
    timeout_s : float, optional
        No trial starts after so many seconds.

    Raises
    ------
    ConfigError
        Optuna is not installed; a setting of the space has no effect; the folder of the run
        has a sweep of another space or other settings.
    DataError
        The folder of the run has a sweep of another input; or nobody can be judged.
    ConflictError
        Another process works on the same sweep.
    KeyboardInterrupt
        Before the first trial was measured; after that the result says ``stopped``.

    Notes
    -----
    Trials share every stage whose settings are the same, as long as one of the last two used it.
    A trial that fails is kept with its error.
    """
    base = own_candidate(context.config).settings
    known = {**flatten(context.config.model_dump()), **base}
    space.require_effects(known)
    interactions = ingest(context)
    folder = Path(context.config.runs.path) / context.run_id / FOLDER
    begin(folder, described(context.config, space) | {"input": interactions.key}, space)
    shared = Candidate("shared", {**base, **space.shared}).config(context.config)
    watch = SweepProgress(context.progress)
    own = replace(context.with_config(shared), progress=watch, memory=RecentArtifacts())
    with alone(folder):
        with watch.phase("hold out"):
            folds = _folds(own, interactions)
        study = Study(folder, space, shared.evaluation.seed)
        run = Sweep(own, space, folds, target_of(shared.evaluation), study, n_trials)
        _require_judged(run)
        _go(run, watch, known, timeout_s)
    return run


def _folds(context: Context, interactions: Interactions) -> list[Fold]:
    """The folds, whose stages are never forgotten."""
    folds = open_folds(context, interactions)
    for fold in folds:
        fold.base.factors  # noqa: B018 - every measurement needs them
    _memory(context).keep()
    return folds


def _memory(context: Context) -> RecentArtifacts:
    assert isinstance(context.memory, RecentArtifacts)
    return context.memory


def _go(run: Sweep, watch: SweepProgress, base: Mapping[str, Any], timeout_s: float | None) -> None:
    """Everything that an interruption may stop."""
    try:
        _again(run, watch)
        _trials(run, watch, base, timeout_s)
        _report(run, watch)
    except KeyboardInterrupt:
        if DEFAULTS not in run.outcomes:
            raise
        run.status = STOPPED
    except ClusterError as error:
        remedy = f"then go on with the trials that are left: --resume {run.context.run_id}"
        raise ClusterError(error.message, remedy=f"{error.remedy}; {remedy}") from error


def _require_judged(run: Sweep) -> None:
    ks = ranks_of(run.context.config.evaluation)
    judged = [f.counts.population(run.target.kind, ks)["n_judged"] for f in run.choosing]
    if not sum(judged):
        raise DataError(
            "no user can be judged: nobody in the train rows took anything afterwards",
            remedy="hold out more with evaluation.holdout_days, or set evaluation.split=random",
        )


def _again(run: Sweep, watch: SweepProgress) -> None:
    """Popular; and of a sweep that goes on the defaults and the best, whose lists are not kept."""
    with watch.phase("baselines"):
        popular = {**run.space.shared, METHOD: POPULAR}
        run.outcomes[POPULAR] = _judged(run, POPULAR, popular)
        if run.study.trials:
            run.outcomes[DEFAULTS] = _judged(run, DEFAULTS, run.study.trials[0].settings)
        if run.study.best and run.study.best.number:
            run.outcomes[BEST] = _judged(run, BEST, run.study.best.settings)


def _trials(
    run: Sweep, watch: SweepProgress, base: Mapping[str, Any], timeout_s: float | None
) -> None:
    started = time.perf_counter()
    with watch.all_trials(run.n_trials, len(run.study.trials)):
        while len(run.study.trials) < run.n_trials:
            if timeout_s is not None and time.perf_counter() - started >= timeout_s:
                run.status = TIMED_OUT
                return
            _trial(run, base)
            _memory(run.context).forget()
            watch.trial(run.study, run.target.name)


def _trial(run: Sweep, base: Mapping[str, Any]) -> None:
    """One more trial, measured unless an earlier one had the same settings."""
    asked, settings = run.study.ask(base)
    number = len(run.study.trials)
    same = next((t for t in run.study.trials if (t.settings, t.status) == (settings, "ok")), None)
    if same is not None:
        run.study.tell(asked, replace(same, number=number, seconds=0.0), run.study.columns(same))
        return
    outcome = _judged(run, DEFAULTS if number == 0 else BEST, settings)
    seconds = round(outcome.seconds, 3)
    if outcome.error is not None:
        error = redact_text(outcome.error)
        run.study.tell(asked, Trial(number, "failed", None, settings, seconds, error), [])
    else:
        columns = [run.target.of(outcome.measured[fold.name]) for fold in run.choosing]
        value = told(mean_of(run.choosing, outcome, run.target))
        run.study.tell(asked, Trial(number, "ok", value, settings, seconds), columns)
    best = run.study.best
    if number == 0:
        run.outcomes[DEFAULTS] = outcome
    elif best is not None and best.number == number:
        run.outcomes[BEST] = outcome


def _judged(run: Sweep, name: str, settings: Mapping[str, Any]) -> Outcome:
    """A candidate on the folds that choose; what its stages have to tell is not kept."""
    own = replace(run.context, progress=Silence(), notes=[])
    return _measured(own, run.choosing, Candidate(name, settings))


def _report(run: Sweep, watch: SweepProgress) -> None:
    """The candidates that are left on the folds that chose nothing."""
    chosen_by = {fold.name for fold in run.choosing}
    others = [fold for fold in run.folds if fold.name not in chosen_by]
    if not others:
        return
    with watch.phase("report"):
        for name, outcome in list(run.outcomes.items()):
            if outcome.error is None:
                more = _measured(run.context, others, outcome.candidate)
                run.outcomes[name] = replace(
                    outcome, measured=outcome.measured | more.measured, error=more.error
                )
