"""A sweep: every trial with its settings, and which setting mattered."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report import svg
from cfdist.evaluation.report.figures import (
    compact,
    decimal,
    number,
    percent,
    percent_tick,
    seconds,
)
from cfdist.evaluation.report.markup import join, name, tag
from cfdist.evaluation.report.measured import Comparison, Estimate, estimate_of, rows
from cfdist.evaluation.report.measured import section as part
from cfdist.evaluation.report.scale import Scale, linear
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table
from cfdist.redact import redact_text

_MOST_TRIALS = 100
_Trial = Mapping[str, Any]


def section(found: Comparison, evaluation: Mapping[str, Any]) -> Section | None:
    """Trials, the best first, and shares of importance; None where nothing was swept."""
    trials = sorted(rows(evaluation, "trials"), key=_rank)
    if not trials:
        return None
    lead = f"{len(trials)} trials, the best first; only settings that differ have a column."
    if len(trials) > _MOST_TRIALS:
        lead += f" The first {_MOST_TRIALS} are shown."
    importance = _importance(evaluation)
    table = _table(found, trials, trials[:_MOST_TRIALS]).html()
    return Section("sweep", "Sweep", lead, join(importance, _fixed(trials), table))


def _rank(trial: _Trial) -> tuple[float, float]:
    value = estimate_of(trial.get("value"))
    return -value.mean if value else float("inf"), number(trial.get("number")) or 0.0


def _settings(trials: Sequence[_Trial]) -> dict[str, list[str]]:
    """The values of every setting, trial by trial."""
    names = dict.fromkeys(str(key) for t in trials for key in part(t, "settings"))
    return {key: [_value(t, key) for t in trials] for key in names}


def _value(trial: _Trial, key: str) -> str:
    settings = part(trial, "settings")
    return redact_text(compact(settings[key])) if key in settings else "–"


def _fixed(trials: Sequence[_Trial]) -> Markup | None:
    same = {k: v[0] for k, v in _settings(trials).items() if len(set(v)) == 1}
    if not same or len(trials) == 1:
        return None
    return tag("p", "The same in all: ", ", ".join(f"{k} = {v}" for k, v in same.items()), ".")


def _table(found: Comparison, trials: Sequence[_Trial], shown: Sequence[_Trial]) -> Table:
    varied = [k for k, v in _settings(trials).items() if len(set(v)) > 1 or len(trials) == 1]
    values = [v for t in shown if (v := estimate_of(t.get("value")))]
    scale = linear([end for v in values for end in (v.low, v.high)], n_ticks=3)
    columns = [
        Column("Trial", "name"),
        Column(svg.strip(svg.axis(scale, scale.label), told="axis", height=18), "chart"),
        Column(found.key, "number"),
        *(Column(_short(key, varied), "number", key) for key in varied),
        Column("time", "number"),
        Column("status", "text"),
    ]
    table_rows = [_row(t, varied, scale, is_best=t is shown[0]) for t in shown]
    return Table("Trials", columns, table_rows, "chart wide sortable")


def _short(key: str, keys: Sequence[str]) -> str:
    """The last word of a setting, where no other setting ends with it."""
    last = key.rpartition(".")[2]
    return last if sum(k.rpartition(".")[2] == last for k in keys) == 1 else key


def _row(trial: _Trial, varied: Sequence[str], scale: Scale, *, is_best: bool) -> Row:
    value = estimate_of(trial.get("value"))
    kind = "chosen" if is_best and value else "other"
    status = str(trial.get("status", ""))
    error = join(": ", name(redact_text(str(trial["error"])), 80)) if trial.get("error") else None
    return Row(
        [
            compact(trial.get("number")),
            _drawn(value, kind, scale) if value else "",
            decimal(value.mean) if value else "–",
            *(_value(trial, key) for key in varied),
            seconds(trial.get("seconds")),
            join(status, error),
        ],
        kind,
    )


def _drawn(value: Estimate, kind: str, scale: Scale) -> Markup:
    return svg.strip(
        svg.grid(scale),
        svg.whisker(scale, value, kind),
        svg.dot(scale.at(value.mean), svg.STRIP_HEIGHT / 2, kind),
        told=f"{decimal(value.mean)}, 95 % interval {value.interval()}",
    )


def _importance(evaluation: Mapping[str, Any]) -> Markup | None:
    shares = part(evaluation, "importance")
    known = {str(k): s for k, v in shares.items() if (s := number(v)) is not None}
    if not known:
        return None
    scale = linear(known.values(), zero=True)
    columns = [
        Column("Setting", "name"),
        Column(svg.strip(svg.axis(scale, percent_tick), told="axis", height=18), "chart"),
        Column("share", "number"),
    ]
    table_rows = [
        Row([name(k), svg.strip(svg.grid(scale), svg.bar(scale, s, "other"), told=k), percent(s)])
        for k, s in sorted(known.items(), key=lambda item: -item[1])
    ]
    caption = "Importance: how much of the differences between trials a setting explains"
    return Table(caption, columns, table_rows, "chart").html()
