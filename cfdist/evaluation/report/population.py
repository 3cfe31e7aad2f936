"""Who was judged, who could not be, and how high a list can score at all."""

from collections.abc import Iterator, Mapping
from typing import Any

from cfdist.evaluation.report import svg
from cfdist.evaluation.report.figures import count, number, percent
from cfdist.evaluation.report.markup import clean, join, tag
from cfdist.evaluation.report.measured import section as part
from cfdist.evaluation.report.scale import linear
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table

_WORDS = {
    "n_judged": ("judged", "were known before, and took an article that a list could hold"),
    "n_cold_users": ("cold", "have no purchase in the training data: there is nothing to go by"),
    "n_nothing_reachable": ("nothing reachable", "took only articles that training never saw"),
    "n_only_owned": ("only owned", "took only what they had already, which no list holds"),
    "n_without_list": ("without a list", "were known, and no list was made for them"),
}


def section(evaluation: Mapping[str, Any]) -> Section | None:
    """Users of the test windows and the ceiling; None where neither is known."""
    population = part(evaluation, "population")
    table_rows = list(_rows(population))
    if not table_rows:
        return None
    columns = [
        Column("Users in the test", "name"),
        Column(tag("span", "bar", class_="unseen"), "chart"),
        Column("users", "number"),
        Column("share", "number"),
        Column("who", "text"),
    ]
    table = Table("Users in the test", columns, table_rows, "chart population").html()
    limits = [tag("p", text) for text in _limits(population)]
    lead = "Results hold for the users that were judged, and for nobody else."
    if population.get("window"):
        lead += f" Counted in the window {clean(population['window'])}."
    return Section("population", "Who was judged", lead, join(table, *limits))


def _rows(population: Mapping[str, Any]) -> Iterator[Row]:
    parts = {key: value for key in _WORDS if (value := number(population.get(key))) is not None}
    total = number(population.get("n_users_in_test")) or sum(parts.values())
    scale = linear([total or 1.0], zero=True)
    for key, value in parts.items():
        title, words = _WORDS[key]
        share = percent(value / total) if total else "–"
        kind = "chosen" if key == "n_judged" else "other"
        bar = svg.strip(svg.bar(scale, value, kind), told=f"{title}: {count(value)}")
        yield Row([title, bar, count(value), share, words])
    if parts:
        yield Row(["all", "", count(total), "100 %" if total else "–", ""], "total")


def _limits(population: Mapping[str, Any]) -> Iterator[str]:
    unreachable = number(population.get("unreachable_share"))
    if unreachable is not None:
        yield (
            f"Of what judged users took, {percent(unreachable)} are articles that training never "
            "saw. No method can list them, and they count against none."
        )
    ceiling = {k: v for k, v in part(population, "ceiling").items() if number(v) is not None}
    if ceiling:
        values = ", ".join(f"{decimal_at(v)} at {k}" for k, v in ceiling.items())
        yield f"Ceiling, the recall of lists that know the future: {values}."


def decimal_at(value: Any) -> str:
    """A ceiling with two decimals."""
    return f"{number(value) or 0.0:.2f}"
