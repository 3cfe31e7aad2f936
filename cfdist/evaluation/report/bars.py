"""For whom it works: light, medium and heavy users, and the categories of articles."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report import svg
from cfdist.evaluation.report.figures import count, decimal, number, percent, percent_tick
from cfdist.evaluation.report.markup import join, name, tag
from cfdist.evaluation.report.measured import Candidate, Comparison, Estimate, estimate_of, rows
from cfdist.evaluation.report.scale import Scale, linear
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table

_MOST_CANDIDATES = 8
_MOST_CATEGORIES = 12


def groups(found: Comparison) -> Section | None:
    """A panel of bars per group of users, all on one scale; None where there are no groups."""
    told = [c for c in found.told(_MOST_CANDIDATES) if rows(c.values, "groups")]
    names = list(dict.fromkeys(str(g.get("group")) for c in told for g in rows(c.values, "groups")))
    values = {g: [(c, e) for c in told if (e := _of_group(c, g))] for g in names}
    values = {group: measured for group, measured in values.items() if measured}
    if not values:
        return None
    ends = [end for one in values.values() for _, e in one for end in (e.low, e.high, e.mean)]
    scale = linear(ends, zero=True, n_ticks=4)
    panels = [_panel(group, one, found, scale) for group, one in values.items()]
    left_out = len(found.ranked) - len(told)
    lead = f"{found.key} by how much a user had taken before, with 95 % intervals.{found.where}"
    if left_out > 0:
        lead += f" The {len(told)} best of {len(found.ranked)} candidates, popular among them."
    body = tag("div", *panels, class_="panels")
    return Section("groups", "Light and heavy users", lead, body)


def _of_group(candidate: Candidate, group: str) -> Estimate | None:
    found = (g for g in rows(candidate.values, "groups") if str(g.get("group")) == group)
    return next((e for g in found if (e := estimate_of(g))), None)


def _panel(
    group: str, measured: Sequence[tuple[Candidate, Estimate]], found: Comparison, scale: Scale
) -> Markup:
    users = max((e.n_users or 0) for _, e in measured)
    caption = f"{group}{f', {count(users)} users' if users else ''}"
    columns = [
        Column(tag("span", "candidate", class_="unseen"), "name"),
        Column(svg.strip(svg.axis(scale, scale.label), told="axis", height=18), "chart"),
        Column(tag("span", found.key, class_="unseen"), "number"),
    ]
    table_rows = [_bar_row(c, e, found, scale) for c, e in measured]
    return Table(caption, columns, table_rows, "chart bars").html()


def _bar_row(candidate: Candidate, value: Estimate, found: Comparison, scale: Scale) -> Row:
    kind = found.kind(candidate)
    told = f"{candidate.name}: {decimal(value.mean)}, 95 % interval {value.interval()}"
    marks = (
        svg.grid(scale),
        svg.bar(scale, value.mean, kind),
        svg.whisker(scale, value, "over"),
    )
    return Row([name(candidate.name, 48), svg.strip(*marks, told=told), decimal(value.mean)], kind)


def categories(found: Comparison) -> Section | None:
    """Hit rates of the largest categories, of the marked candidate and ``popular``."""
    told = [c for c in (found.marked, found.popular) if c and rows(c.values, "categories")]
    told = list({c.name: c for c in told}.values())
    sizes = _sizes(told)
    if not sizes:
        return None
    rates = {c.name: _rates(c) for c in told}
    top = sorted(sizes, key=lambda category: (-sizes[category], category))[:_MOST_CATEGORIES]
    shown = [rates[c.name][g] for c in told for g in top if g in rates[c.name]]
    scale = linear(shown, zero=True)
    columns = [
        Column("Category", "name"),
        Column(svg.strip(svg.axis(scale, percent_tick), told="axis", height=18), "chart"),
        *(Column(name(c.name, 24), "number", label=c.name) for c in told),
        Column("purchases", "number"),
    ]
    table_rows = [_category_row(g, sizes[g], told, rates, found, scale) for g in top]
    lead = (
        f"Of what users took of a category, the share that their lists held. "
        f"The {len(top)} largest of {len(sizes)} categories.{found.where}"
    )
    table = Table("Hit rate by category", columns, table_rows, "chart")
    return Section("categories", "Categories", lead, join(_key(told, found), table.html()))


def _sizes(told: Sequence[Candidate]) -> dict[str, float]:
    return {
        str(row.get("category")): number(row.get("n")) or 0.0
        for candidate in told
        for row in rows(candidate.values, "categories")
    }


def _rates(candidate: Candidate) -> dict[str, float]:
    return {
        str(row.get("category")): rate
        for row in rows(candidate.values, "categories")
        if (rate := number(row.get("hit_rate"))) is not None
    }


def _category_row(
    category: str,
    size: float,
    told: Sequence[Candidate],
    rates: Mapping[str, Mapping[str, float]],
    found: Comparison,
    scale: Scale,
) -> Row:
    known = [(c, rates[c.name][category]) for c in told if category in rates[c.name]]
    ends = [scale.at(rate) for _, rate in known] or [0.0]
    middle = svg.STRIP_HEIGHT / 2
    link = svg.horizontal(middle, "link", min(ends), max(ends))
    dots = [svg.dot(scale.at(rate), middle, found.kind(c)) for c, rate in reversed(known)]
    words = ", ".join(f"{c.name} {percent(rate)}" for c, rate in known)
    cells: list[Any] = [name(category, 40)]
    cells.append(svg.strip(svg.grid(scale), link, *dots, told=f"{category}: {words}"))
    cells += [percent(rates[c.name].get(category)) for c in told]
    return Row([*cells, count(size)])


def _key(told: Sequence[Candidate], found: Comparison) -> Markup:
    """What the shapes stand for."""
    return tag("p", *(_key_entry(c, found.kind(c)) for c in told), class_="key")


def _key_entry(candidate: Candidate, kind: str) -> Markup:
    mark = tag(
        "svg", svg.dot(50, 7, kind), width="14", height="14", aria_hidden="true", class_="sign"
    )
    return tag("span", mark, name(candidate.name))
