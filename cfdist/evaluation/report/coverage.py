"""What the lists are made of: coverage, novelty, concentration on a few articles."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report import svg
from cfdist.evaluation.report.figures import decimal, number, percent
from cfdist.evaluation.report.forest import titled
from cfdist.evaluation.report.markup import join, tag
from cfdist.evaluation.report.measured import Candidate, Comparison
from cfdist.evaluation.report.measured import section as part
from cfdist.evaluation.report.metric_columns import columns_of, in_order, metric_of, spans_of
from cfdist.evaluation.report.scale import Scale, linear
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table, unfolding

_SHARES = ("coverage", "head_share")
_WORDS = {
    "coverage": "share of the articles that are in anybody's list",
    "novelty": "bits of surprise: more for articles that few users took",
    "gini": "0: all articles are recommended equally often; 1: one article always",
    "head_share": "share of the entries that go to the tenth of the articles that most users took",
    "diversity": "how much the articles of a list differ: 1 minus their mean cosine",
}


def section(found: Comparison) -> Section | None:
    """A table with a small bar per value; None where nothing is known of the lists."""
    known = [c for c in found.ranked if part(c.values, "lists")]
    every = _every_key(known)
    keys = [key for key in every if key.endswith(f"@{found.k}")] or every
    if not keys:
        return None
    scales = {key: _scale(key, known) for key in keys}
    columns = [Column("Candidate", "name")]
    columns += [
        Column(key.replace("_", " "), "small-bar", _WORDS.get(metric_of(key))) for key in keys
    ]
    table_rows = [
        Row([titled(c, found), *(_cell(c, key, scales[key], found) for key in keys)], found.kind(c))
        for c in known
    ]
    lead = f"Lists that reach many articles are often not those that hit.{found.where}"
    more = _at_every_length(known, found) if len(every) > len(keys) else None
    table = Table("The lists of every candidate", columns, table_rows, "wide lists").html()
    return Section("coverage", "Popularity and coverage", lead, join(table, _glossary(keys), more))


def _glossary(keys: Sequence[str]) -> Markup:
    """What the columns mean."""
    told = [m for m in dict.fromkeys(map(metric_of, keys)) if m in _WORDS]
    entries = (tag("div", tag("dt", m.replace("_", " ")), tag("dd", _WORDS[m])) for m in told)
    return tag("dl", *entries, class_="glossary")


def _every_key(known: Sequence[Candidate]) -> list[str]:
    """All that is told of lists, the usual figures first."""
    given = in_order(str(key) for c in known for key in part(c.values, "lists"))
    rank = {metric: place for place, metric in enumerate(_WORDS)}
    return sorted(given, key=lambda key: rank.get(metric_of(key), len(rank)))


def _at_every_length(known: Sequence[Candidate], found: Comparison) -> Markup:
    keys = _every_key(known)
    table_rows = [
        Row([titled(c, found), *(_text(c, key) for key in keys)], found.kind(c)) for c in known
    ]
    title, columns, spans = "At every length of list", columns_of(keys), spans_of(keys)
    table = Table(title, columns, table_rows, "wide sortable", spans=spans).html()
    return unfolding("The figures at every length of list", table)


def _scale(key: str, known: Sequence[Candidate]) -> Scale:
    values = [v for c in known if (v := number(part(c.values, "lists").get(key))) is not None]
    return linear(
        [*values, *([1.0] if metric_of(key) in ("head_share", "gini") else [])], zero=True
    )


def _cell(candidate: Candidate, key: str, scale: Scale, found: Comparison) -> Any:
    value, text = number(part(candidate.values, "lists").get(key)), _text(candidate, key)
    if value is None:
        return text
    bar = svg.bar(scale, value, found.kind(candidate), height=12)
    return join(text, svg.strip(bar, told=f"{key} {text}", height=12))


def _text(candidate: Candidate, key: str) -> str:
    value = number(part(candidate.values, "lists").get(key))
    if value is None or metric_of(key) in _SHARES:
        return percent(value)
    return decimal(value, 2 if metric_of(key) == "novelty" else 3)
