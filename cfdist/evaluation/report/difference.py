"""What changed since the last run: results, and the settings behind them."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from cfdist.evaluation.report import svg
from cfdist.evaluation.report.figures import compact, decimal, moment, percent
from cfdist.evaluation.report.markup import join, name, tag
from cfdist.evaluation.report.measured import Candidate, Comparison, Estimate, comparison
from cfdist.evaluation.report.measured import section as part
from cfdist.evaluation.report.scale import Scale, linear
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table
from cfdist.redact import redact, redact_text

_PLAIN = ("input", "command", "cfdist_version", "metric", "k", "articles")
_NORMAL_95 = 1.959964


def section(
    found: Comparison, evaluation: Mapping[str, Any], last: Mapping[str, Any] | None
) -> Section | None:
    """The difference to the last run; None where there was none."""
    if not last:
        return None
    before = comparison(last)
    parts = [_results(found, before), _settings_table(found, before, evaluation, last)]
    which = f"run {last.get('run', '?')}, {moment(last.get('created_at'))}"
    lead = (
        f"Against {which}. The two runs are compared as if their users were strangers to each "
        "other, so a small difference that is real may not show."
    )
    if (found.key, found.articles) != (before.key, before.articles):
        lead = f"The last run, {which}, was judged by {before.key} of {before.articles} articles: "
        lead += "results cannot be compared."
    return Section("difference", "Since the last run", lead, join(*parts))


def _results(found: Comparison, before: Comparison) -> Any:
    if (found.key, found.articles) != (before.key, before.articles):
        return None
    earlier = {c.name: c for c in before.ranked}
    pairs = [(c, earlier.get(c.name)) for c in found.ranked]
    changes = {c.name: _change(c, old) for c, old in pairs if old}
    ends = [end for change in changes.values() for end in (change.low, change.high)]
    scale = linear(ends, zero=True, n_ticks=4)
    columns = [
        Column("Candidate", "name"),
        Column(svg.strip(svg.axis(scale, scale.label), told="axis", height=18), "chart"),
        Column("change", "number"),
        Column("before", "number"),
        Column("now", "number"),
        Column("", "text"),
    ]
    table_rows = [_row(c, old, changes.get(c.name), found, scale) for c, old in pairs]
    gone = [c for c in before.ranked if c.name not in {one.name for one in found.ranked}]
    table_rows += [
        Row([name(c.name), "", "–", decimal(c.primary.mean), "–", "not in this run"]) for c in gone
    ]
    return Table(f"{found.key} now and before", columns, table_rows, "chart").html()


def _change(now: Candidate, before: Candidate) -> Estimate:
    """The difference of two means; its interval takes the runs as independent."""
    mean = now.primary.mean - before.primary.mean
    errors = [_standard_error(one.primary) for one in (now, before)]
    around = _NORMAL_95 * math.hypot(*errors)
    return Estimate(mean, mean - around, mean + around)


def _standard_error(estimate: Estimate) -> float:
    known = estimate.standard_error
    return estimate.half_width / _NORMAL_95 if known is None else known


def _row(
    candidate: Candidate,
    before: Candidate | None,
    change: Estimate | None,
    found: Comparison,
    scale: Scale,
) -> Row:
    now, kind = decimal(candidate.primary.mean), found.kind(candidate)
    if before is None or change is None:
        return Row([name(candidate.name), "", "–", "–", now, "new in this run"], kind)
    drawn = svg.strip(
        svg.grid(scale),
        svg.vertical(scale.at(0.0), svg.STRIP_HEIGHT, "zero"),
        svg.whisker(scale, change, kind),
        svg.dot(scale.at(change.mean), svg.STRIP_HEIGHT / 2, kind),
        told=f"{candidate.name}: {change.spread()}",
    )
    words = _words(change, before)
    return Row(
        [name(candidate.name), drawn, change.spread(), decimal(before.primary.mean), now, words],
        kind,
    )


def _words(change: Estimate, before: Candidate) -> str:
    if not change.is_separable:
        return "within the noise"
    share = percent(abs(change.mean) / before.primary.mean) if before.primary.mean else ""
    return f"{'better' if change.mean > 0 else 'worse'} by {share}".removesuffix(" by ")


def _settings_table(
    found: Comparison,
    before: Comparison,
    evaluation: Mapping[str, Any],
    last: Mapping[str, Any],
) -> Any:
    both = {c.name for c in found.ranked} & {c.name for c in before.ranked}
    old, new = _flat(before, last, both), _flat(found, evaluation, both)
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    if not changed:
        return tag("p", "No setting, input or version changed.")
    columns = [Column("Setting", "name"), Column("before", "text"), Column("now", "text")]
    table_rows = [Row([key, old.get(key, "–"), new.get(key, "–")]) for key in changed]
    return Table("What changed", columns, table_rows).html()


def _flat(found: Comparison, evaluation: Mapping[str, Any], names: set[str]) -> dict[str, str]:
    """Everything that may explain a difference, as text; the settings of the named candidates."""
    values = {key: compact(evaluation[key]) for key in _PLAIN if key in evaluation}
    split = part(evaluation, "split")
    values |= {f"split.{key}": compact(split[key]) for key in ("kind", "label") if key in split}
    population = part(evaluation, "population")
    if "n_judged" in population:
        values["users judged"] = compact(population["n_judged"])
    values |= {key: compact(value) for key, value in _leaves(part(evaluation, "settings"))}
    for candidate in found.ranked:
        values |= dict(_settings(candidate)) if candidate.name in names else {}
    return {key: redact_text(value) for key, value in values.items()}


def _leaves(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """``section.key`` and its value, of nested settings without their secrets."""
    for key, value in redact(settings).items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _settings(candidate: Candidate) -> Iterator[tuple[str, str]]:
    for key, value in redact(part(candidate.values, "settings")).items():
        yield f"{candidate.name}: {key}", compact(value)
