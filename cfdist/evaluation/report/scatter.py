"""Quality against seconds: what a better list costs."""

from markupsafe import Markup

from cfdist.evaluation.report import figures, svg
from cfdist.evaluation.report.labels import Spot, spots
from cfdist.evaluation.report.markup import in_chart, join, tag
from cfdist.evaluation.report.measured import Candidate, Comparison
from cfdist.evaluation.report.plot import Plot
from cfdist.evaluation.report.scale import fitting, linear
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table, unfolding

_MOST_NAMES = 12


def section(found: Comparison) -> Section | None:
    """The scatter plot; None where there are fewer than two points."""
    timed = [c for c in found.ranked if c.seconds is not None and c.seconds >= 0]
    if len(timed) < 2:
        return None
    front = _front(timed)
    body = join(_chart(found, timed, front), _table(found, timed, front))
    lead = (
        "Each point is a candidate. Nothing is both better and faster than those on the line; "
        "thin lines are 95 % intervals."
    )
    return Section("cost", "Quality against time", lead, body)


def _seconds(candidate: Candidate) -> float:
    # A clock that read zero has no place on an axis of ratios.
    return max(candidate.seconds or 0.0, 0.001)


def _front(timed: list[Candidate]) -> list[Candidate]:
    """Those that no faster one equals, the fastest first."""
    front: list[Candidate] = []
    for candidate in sorted(timed, key=lambda c: (_seconds(c), -c.primary.mean)):
        if not front or candidate.primary.mean > front[-1].primary.mean:
            front.append(candidate)
    return front


def _chart(found: Comparison, timed: list[Candidate], front: list[Candidate]) -> Markup:
    ends = [end for c in timed for end in (c.primary.low, c.primary.high)]
    plot = Plot(
        fitting([_seconds(c) for c in timed]),
        linear(ends),
        280,
        "seconds →",
        f"↑ {found.key}",
        lambda tick: f"{tick:g}",
        linear(ends).label,
    )
    first = [c for c in (found.marked, found.popular) if c in timed]
    ordered = first + [c for c in front if c not in first]
    told = len(timed) if len(timed) <= _MOST_NAMES else len(ordered)
    ordered += [c for c in timed if c not in ordered]
    points = [plot.place(_seconds(c), c.primary.mean) for c in ordered]
    marks = [
        join(
            plot.interval(_seconds(c), c.primary, f"thin {found.kind(c)}"),
            svg.dot(x, y, found.kind(c), _told(c)),
        )
        for c, (x, y) in zip(reversed(ordered), reversed(points), strict=True)
    ]
    names = spots([c.name for c in ordered[:told]], points)
    labels = [
        _label(c.name, x, spot, found.kind(c))
        for c, (x, _), spot in zip(ordered, points, names, strict=False)
        if spot
    ]
    steps = svg.polyline(_steps(plot, front), plot.height, "front")
    described = f"{len(timed)} candidates; the table below has the figures."
    return plot.html("scatter", f"{found.key} against seconds", described, steps, *marks, *labels)


def _told(candidate: Candidate) -> str:
    value = figures.decimal(candidate.primary.mean)
    return f"{candidate.name}: {value} in {figures.seconds(candidate.seconds)}"


def _label(text: str, x: float, spot: Spot, kind: str) -> Markup:
    return tag(
        "text",
        in_chart(text),
        x=svg.along(x),
        dx=f"{spot.dx:g}",
        y=f"{spot.y:.1f}",
        text_anchor=spot.anchor,
        class_=f"name {kind}{'' if spot.in_narrow else ' wide-only'}",
    )


def _steps(plot: Plot, front: list[Candidate]) -> list[tuple[float, float]]:
    """What can be reached within so many seconds: a staircase."""
    points: list[tuple[float, float]] = []
    for candidate in front:
        x, y = plot.place(_seconds(candidate), candidate.primary.mean)
        points += [(x, points[-1][1])] if points else []
        points.append((x, y))
    return [*points, (100.0, points[-1][1])]


def _table(found: Comparison, timed: list[Candidate], front: list[Candidate]) -> Markup:
    columns = [
        Column("Candidate", "name"),
        Column("seconds", "number"),
        Column(found.key, "number"),
        Column("on the line", "text"),
    ]
    rows = [
        Row(
            [
                c.name,
                figures.seconds(c.seconds),
                figures.decimal(c.primary.mean),
                "yes" if c in front else "",
            ],
            found.kind(c),
        )
        for c in sorted(timed, key=_seconds)
    ]
    table = Table(f"{found.key} and seconds, the fastest first", columns, rows).html()
    return unfolding("The figures as a table", table)
