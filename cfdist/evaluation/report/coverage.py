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
from cfdist.evaluation.report.scale import Scale, linear
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table

_SHARES = ("coverage", "head_share")
_ORDER = ("coverage", "novelty", "gini", "head_share", "diversity")
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
    keys = _keys(known, found.k)
    if not keys:
        return None
    scales = {key: _scale(key, known) for key in keys}
    columns = [Column("Candidate", "name")]
    columns += [
        Column(key.replace("_", " "), "small-bar", _WORDS.get(_metric(key))) for key in keys
    ]
    table_rows = [
        Row([titled(c, found), *(_cell(c, key, scales[key], found) for key in keys)], found.kind(c))
        for c in known
    ]
    lead = f"Lists that reach many articles are often not those that hit.{found.where}"
    table = Table("The lists of every candidate", columns, table_rows, "wide lists").html()
    return Section("coverage", "Popularity and coverage", lead, join(table, _glossary(keys)))


def _glossary(keys: Sequence[str]) -> Markup:
    """What the columns mean."""
    told = [m for m in dict.fromkeys(map(_metric, keys)) if m in _WORDS]
    entries = (tag("div", tag("dt", m.replace("_", " ")), tag("dd", _WORDS[m])) for m in told)
    return tag("dl", *entries, class_="glossary")


def _metric(key: str) -> str:
    return key.partition("@")[0]


def _keys(known: Sequence[Candidate], k: str) -> list[str]:
    """What is told of lists of k, the usual figures first; the table of metrics has the others."""
    every = list(dict.fromkeys(str(key) for c in known for key in part(c.values, "lists")))
    given = [key for key in every if key.endswith(f"@{k}")] or every
    rank = {metric: place for place, metric in enumerate(_ORDER)}
    return sorted(given, key=lambda key: rank.get(_metric(key), len(_ORDER)))


def _scale(key: str, known: Sequence[Candidate]) -> Scale:
    values = [v for c in known if (v := number(part(c.values, "lists").get(key))) is not None]
    return linear([*values, *([1.0] if _metric(key) in ("head_share", "gini") else [])], zero=True)


def _cell(candidate: Candidate, key: str, scale: Scale, found: Comparison) -> Any:
    value = number(part(candidate.values, "lists").get(key))
    if value is None:
        return "–"
    is_share = _metric(key) in _SHARES
    text = percent(value) if is_share else decimal(value, 2 if abs(value) >= 2 else 3)
    bar = svg.bar(scale, value, found.kind(candidate), height=12)
    return join(text, svg.strip(bar, told=f"{key} {text}", height=12))
