"""A sweep as JSON values: the document of an evaluation, and all trials."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from cfdist.evaluation.comparison import difference, mean_of
from cfdist.evaluation.document import document
from cfdist.evaluation.intervals import paired_clustered
from cfdist.runs.study import Trial, told
from cfdist.runs.sweep import BEST, DEFAULTS, STOPPED, TIMED_OUT, Sweep


def sweep_document(run: Sweep) -> dict[str, Any]:
    """Everything about a sweep.

    Returns
    -------
    dict
        The keys of an evaluation, for ``popular``, ``defaults`` and ``best``; and ``status``,
        ``n_trials`` (asked for), ``trials``, ``importance``, ``best``.
    """
    best = run.study.best
    for note in _notes(run):
        run.context.note(note)
    able = {o.candidate.name: o for o in run.outcomes.values() if o.error is None}
    shown = able.get(BEST) or able.get(DEFAULTS)
    result = document(run.context, run.comparison, shown)
    return result | {
        "title": f"Sweep: {result['title']}",
        "command": "cfdist sweep",
        "status": run.status,
        "n_trials": run.n_trials,
        "trials": [asdict(trial) for trial in run.study.trials],
        "importance": run.study.importance(),
        "best": _best(run, best) if best else None,
    }


def set_options(settings: Mapping[str, Any]) -> list[str]:
    """``--set`` options, quoted for a shell.

    Examples
    --------
    >>> set_options({"recommend.method": "latent", "factorize.n_components": 75})
    ['--set recommend.method=latent', '--set factorize.n_components=75']
    """
    given = {key: value for key, value in settings.items() if value is not None}
    return [f"--set {shlex.quote(f'{key}={_typed(value)}')}" for key, value in given.items()]


def toml_lines(settings: Mapping[str, Any]) -> str:
    """The settings as they stand in ``cfdist.toml``.

    Examples
    --------
    >>> print(toml_lines({"recommend.method": "latent", "recommend.latent.ease_lambda": 9.5}))
    [recommend]
    method = "latent"
    [recommend.latent]
    ease_lambda = 9.5
    """
    sections: dict[str, list[str]] = {}
    for key, value in settings.items():
        section, _, name = key.rpartition(".")
        if value is not None:
            sections.setdefault(section, []).append(
                f"{name} = {json.dumps(value, ensure_ascii=False)}"
            )
    return "\n".join(line for name in sections for line in (f"[{name}]", *sections[name]))


def _typed(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _notes(run: Sweep) -> list[str]:
    """What to beware of."""
    n_done = len(run.study.trials)
    notes = []
    if run.status == STOPPED:
        notes.append(f"stopped: {n_done} of {run.n_trials} trials were measured")
    if run.status == TIMED_OUT:
        notes.append(f"the time was over after {n_done} of {run.n_trials} trials")
    if n_done < 2:
        return notes
    optimistic = f"the best of {n_done} trials looks better than it is: it was picked by its value"
    if len(run.folds) > len(run.choosing):
        return [*notes, f"{optimistic}; judge it by the window that reports, which chose nothing"]
    return [
        *notes,
        f"{optimistic} with the same users; evaluation.split = 'rolling' keeps a window that "
        "chooses nothing",
    ]


def _best(run: Sweep, best: Trial) -> dict[str, Any]:
    return {
        "number": best.number,
        "settings": best.settings,
        "value": best.value,
        "against_defaults": _against_defaults(run, best),
        "report": _report(run),
        "options": set_options(best.settings),
        "toml": toml_lines(best.settings),
    }


def _against_defaults(run: Sweep, best: Trial) -> dict[str, Any] | None:
    """The paired difference over the folds that choose, from the stored values per user."""
    first = run.study.trials[0]
    if first.status != "ok" or best.number == 0:
        return None
    ours, theirs = (np.concatenate(run.study.columns(trial)) for trial in (best, first))
    users = np.concatenate([fold.users for fold in run.choosing])
    return told(paired_clustered(ours, theirs, users))


def _report(run: Sweep) -> dict[str, Any] | None:
    """The best and the defaults in the window that chose nothing, where there is one."""
    able, last = {o.candidate.name: o for o in run.comparison.able}, [run.folds[-1]]
    if last[0].name in {fold.name for fold in run.choosing}:
        return None
    if not all(name in able and last[0].name in able[name].measured for name in (BEST, DEFAULTS)):
        return None
    best, defaults = (able[name] for name in (BEST, DEFAULTS))
    return {
        "window": last[0].name,
        "value": told(mean_of(last, best, run.target)),
        "defaults": told(mean_of(last, defaults, run.target)),
        "against_defaults": told(difference(last, best, defaults, run.target)),
    }
