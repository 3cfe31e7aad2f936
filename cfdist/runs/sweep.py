"""``cfdist sweep``: trials over a space of settings, the best one judged against the defaults."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cfdist.builds.files import write_atomic
from cfdist.config import Config, flatten
from cfdist.errors import ConfigError, DataError
from cfdist.evaluation.candidates import FITTED_SECTIONS, Candidate, own_candidate
from cfdist.evaluation.comparison import Outcome, mean_of
from cfdist.evaluation.evaluate import Comparison, _measured
from cfdist.evaluation.folds import Fold, open_folds
from cfdist.evaluation.ranks import ranks_of
from cfdist.evaluation.target import Target, target_of
from cfdist.redact import redact, redact_text
from cfdist.runs.effects import METHOD
from cfdist.runs.recent import RecentArtifacts
from cfdist.runs.space import Space
from cfdist.runs.study import Study, Trial, told
from cfdist.schema import POPULAR
from cfdist.stages.context import Context, Progress, Silence
from cfdist.stages.ingest import ingest

FOLDER = "sweep"
ABOUT = "sweep.json"
SPACE_FILE = "space.toml"
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
    KeyboardInterrupt
        Before the first trial was measured; after that the result says ``stopped``.

    Notes
    -----
    Trials share every stage whose settings are the same, as long as one of the last two used it.
    A trial that fails is kept with its error.
    """
    base = own_candidate(context.config).settings
    folder = Path(context.config.runs.path) / context.run_id / FOLDER
    known = {**flatten(context.config.model_dump()), **base}
    space.require_effects(known)
    watch = _Watch(context.progress)
    interactions = ingest(context)
    about = described(context.config, space) | {"input": interactions.key}
    _begin(folder, about, space)
    shared = Candidate("shared", {**base, **space.shared}).config(context.config)
    memory = RecentArtifacts()
    own = replace(context.with_config(shared), progress=watch, memory=memory)
    with watch.phase("hold out"):
        folds = open_folds(own, interactions)
        for fold in folds:
            fold.base.factors  # noqa: B018 - made now, so that the memory keeps it
    memory.keep()
    target, seed = target_of(shared.evaluation), shared.evaluation.seed
    run = Sweep(own, space, folds, target, Study(folder, space, seed), n_trials)
    _require_judged(run)
    try:
        _again(run, watch)
        _trials(run, watch, known, memory, timeout_s)
        _report(run, watch)
    except KeyboardInterrupt:
        if DEFAULTS not in run.outcomes:
            raise
        run.status = STOPPED
    return run


def described(config: Config, space: Space) -> dict[str, Any]:
    """What must be the same for a sweep to go on: the space, and settings that trials read."""
    sections = {"ingest", "evaluation", *FITTED_SECTIONS}
    settings = flatten(redact(config.model_dump(mode="json", include=sections)))
    return {"space": space.described(), "settings": settings}


def require_same(runs: Path, run: str, about: Mapping[str, Any]) -> None:
    """Refuse to go on with other trials than those that a run has.

    Parameters
    ----------
    about : mapping
        As :func:`described` returns it, with ``input`` where that is known.

    Raises
    ------
    ConfigError
        The space or a setting differs; the message names the first.
    DataError
        The run is no sweep, or the input has changed since.
    """
    try:
        stored = json.loads((runs / run / FOLDER / ABOUT).read_text())
    except (OSError, ValueError):
        raise DataError(
            f"the run {run} has no sweep to go on with", remedy="see `cfdist runs list`"
        ) from None
    for part in ("space", "settings"):
        before, now = stored[part], json.loads(json.dumps(about[part]))
        for key in dict.fromkeys([*before, *now]):
            if before.get(key) != now.get(key):
                raise ConfigError(
                    f"{key} = {now.get(key)!r}, and in the sweep {run} it was {before.get(key)!r}",
                    remedy="give the same, or start a new sweep without --resume",
                )
    if stored["input"] != about.get("input", stored["input"]):
        raise DataError(
            f"the input or an installed library has changed since the sweep {run} began",
            remedy="start a new sweep, without --resume",
        )


def _begin(folder: Path, about: Mapping[str, Any], space: Space) -> None:
    """The folder of a sweep, new or with the same trials."""
    if (folder / ABOUT).is_file():
        require_same(folder.parent.parent, folder.parent.name, about)
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / SPACE_FILE, space.text.encode())
    write_atomic(folder / ABOUT, json.dumps(about, indent=1).encode())


def _require_judged(run: Sweep) -> None:
    ks = ranks_of(run.context.config.evaluation)
    judged = [f.counts.population(run.target.kind, ks)["n_judged"] for f in run.choosing]
    if not sum(judged):
        raise DataError(
            "no user can be judged: nobody in the train rows took anything afterwards",
            remedy="hold out more with evaluation.holdout_days, or set evaluation.split=random",
        )


def _again(run: Sweep, watch: "_Watch") -> None:
    """Popular; and of a sweep that goes on the defaults and the best, whose lists are not kept."""
    with watch.phase("baselines"):
        popular = {**run.space.shared, METHOD: POPULAR}
        run.outcomes[POPULAR] = _judged(run, POPULAR, popular)
        if run.study.trials:
            run.outcomes[DEFAULTS] = _judged(run, DEFAULTS, run.study.trials[0].settings)
        if run.study.best and run.study.best.number:
            run.outcomes[BEST] = _judged(run, BEST, run.study.best.settings)


def _trials(
    run: Sweep, watch: "_Watch", base: Mapping[str, Any], memory: RecentArtifacts,
    timeout_s: float | None,
) -> None:  # fmt: skip
    started = time.perf_counter()
    with watch.all_trials(run.n_trials, len(run.study.trials)):
        while len(run.study.trials) < run.n_trials:
            if timeout_s is not None and time.perf_counter() - started >= timeout_s:
                run.status = TIMED_OUT
                return
            _trial(run, base)
            memory.forget()
            watch.trial(run)


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


def _report(run: Sweep, watch: "_Watch") -> None:
    """The candidates that are left on the folds that chose nothing."""
    others = [fold for fold in run.folds if fold not in run.choosing]
    if not others:
        return
    with watch.phase("report"):
        for name, outcome in list(run.outcomes.items()):
            if outcome.error is None:
                more = _measured(run.context, others, outcome.candidate)
                run.outcomes[name] = replace(
                    outcome, measured=outcome.measured | more.measured, error=more.error
                )


class _Watch(Silence):
    """Tells an outer listener of phases and trials; stages within them are silent."""

    def __init__(self, outer: Progress) -> None:
        self._outer = outer

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What runs now is one step."""
        self._outer.start(name)
        started = time.perf_counter()
        yield
        self._outer.finish(name, time.perf_counter() - started, False)

    @contextmanager
    def all_trials(self, n_trials: int, n_done: int) -> Iterator[None]:
        """One bar for all trials."""
        with self.phase("trials"):
            self._outer.add("trials", n_trials)
            for _ in range(n_done):
                self._outer.advance("trials")
            yield

    def trial(self, run: Sweep) -> None:
        """A trial has ended: one line with its value and the best so far."""
        trial, best = run.study.trials[-1], run.study.best
        result = f"{run.target.name} {trial.mean:.4f}" if trial.value else f"failed: {trial.error}"
        leads = f"; best {best.mean:.4f}, trial {best.number}" if best else ""
        self._outer.note(f"trial {trial.number}: {result} in {trial.seconds:.1f} s{leads}")
        self._outer.advance("trials")

    def note(self, message: str) -> None:
        """Notes go through."""
        self._outer.note(message)
