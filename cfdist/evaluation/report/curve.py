"""How many components: the metric and the energy that they keep."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report import figures, svg
from cfdist.evaluation.report.figures import number
from cfdist.evaluation.report.markup import join, tag
from cfdist.evaluation.report.measured import Comparison, Estimate, estimate_of, rows
from cfdist.evaluation.report.plot import Plot
from cfdist.evaluation.report.scale import fitting, linear
from cfdist.evaluation.report.section import Section, badge
from cfdist.evaluation.report.table import Column, Row, Table, unfolding

_Point = Mapping[str, Any]


def section(found: Comparison, evaluation: Mapping[str, Any]) -> Section | None:
    """Both curves over ``n_components``; None where fewer than two were tried."""
    given = [p for p in rows(evaluation, "components") if (number(p.get("n_components")) or 0) > 0]
    points = sorted(given, key=_x)
    if len(points) < 2:
        return None
    charts = [chart for chart in (_quality(found, points), _energy(points)) if chart is not None]
    body = join(tag("div", *charts, class_="panels"), _table(found, points))
    return Section("components", "Components", _lead(found, points), body)


def _lead(found: Comparison, points: Sequence[_Point]) -> str:
    elbow = next((p for p in points if p.get("is_elbow")), None)
    if elbow is None:
        return "More components keep more of the matrix; whether lists gain from it is measured."
    return (
        f"{figures.count(_x(elbow))} components are the fewest that cannot be told from the best. "
        "Energy always grows, so it cannot choose by itself."
    )


def _x(point: _Point) -> float:
    return number(point.get("n_components")) or 0.0


def _quality(found: Comparison, points: Sequence[_Point]) -> Markup | None:
    measured = [(_x(p), e) for p in points if (e := estimate_of(p))]
    if len(measured) < 2:
        return None
    ends = [end for _, e in measured for end in (e.low, e.high)]
    scale = linear(ends)
    plot = Plot(
        fitting([_x(p) for p in points]),
        scale,
        200,
        "components →",
        f"↑ {found.key}, 95 % interval",
        figures.count,
        scale.label,
    )
    band = _band(plot, measured)
    line = svg.polyline([plot.place(x, e.mean) for x, e in measured], plot.height, "line chosen")
    dots = [svg.dot(*plot.place(x, e.mean), "other", _told(x, e)) for x, e in measured]
    title = f"{found.key} against the number of components"
    described = f"From {decimal(measured[0][1])} to {decimal(measured[-1][1])}."
    return plot.html("quality", title, described, band, _elbow(plot, points), line, *dots)


def decimal(estimate: Estimate) -> str:
    """The mean."""
    return figures.decimal(estimate.mean)


def _told(x: float, estimate: Estimate) -> str:
    return f"{figures.count(x)} components: {decimal(estimate)} ({estimate.interval()})"


def _band(plot: Plot, measured: Sequence[tuple[float, Estimate]]) -> Markup:
    highs = [plot.place(x, e.high) for x, e in measured]
    lows = [plot.place(x, e.low) for x, e in reversed(measured)]
    return svg.polygon([*highs, *lows], plot.height, "band")


def _elbow(plot: Plot, points: Sequence[_Point]) -> Markup:
    """A line at the elbow, and its number of components."""
    found = next((_x(p) for p in points if p.get("is_elbow")), None)
    if found is None:
        return Markup("")
    at = plot.x.at(found)
    anchor, gap = ("end", "-6") if at > 70 else ("start", "6")
    text = f"elbow: {figures.count(found)}"
    word = tag(
        "text", text, x=svg.along(at), dx=gap, y="12", text_anchor=anchor, class_="name chosen"
    )
    return join(svg.vertical(at, plot.height, "elbow"), word)


def _energy(points: Sequence[_Point]) -> Markup | None:
    known = [(_x(p), e) for p in points if (e := number(p.get("energy"))) is not None]
    if len(known) < 2:
        return None
    scale = linear([e for _, e in known], zero=True)
    plot = Plot(
        fitting([_x(p) for p in points]),
        scale,
        200,
        "components →",
        "↑ energy, share of the matrix that is kept",
        figures.count,
        figures.percent_tick,
    )
    line = svg.polyline([plot.place(x, e) for x, e in known], plot.height, "line other")
    dots = [
        svg.dot(*plot.place(x, e), "other", f"{figures.count(x)} components: {figures.percent(e)}")
        for x, e in known
    ]
    described = f"From {figures.percent(known[0][1])} to {figures.percent(known[-1][1])}."
    title = "Energy against the number of components"
    return plot.html("energy", title, described, _elbow(plot, points), line, *dots)


def _table(found: Comparison, points: Sequence[_Point]) -> Markup:
    columns = [
        Column("components", "name"),
        Column(found.key, "number"),
        Column("95 % interval", "number"),
        Column("energy", "number"),
        Column("explained variance", "number"),
    ]
    table = Table("Components tried", columns, [_row(p) for p in points]).html()
    return unfolding("The figures as a table", table)


def _row(point: _Point) -> Row:
    value = estimate_of(point)
    mark = join(" ", badge("elbow", "chosen")) if point.get("is_elbow") else None
    return Row(
        [
            join(figures.count(point.get("n_components")), mark),
            decimal(value) if value else "–",
            value.interval() if value else "–",
            figures.percent(point.get("energy")),
            figures.percent(point.get("explained_variance_ratio")),
        ],
        "chosen" if point.get("is_elbow") else None,
    )
