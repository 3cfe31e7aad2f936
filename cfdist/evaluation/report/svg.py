"""Charts that fill the width they get: x in percent, y and text in pixels.

Nothing is scaled, so a label is as large in a narrow window as in a wide one.
"""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from cfdist.evaluation.report.markup import join, tag
from cfdist.evaluation.report.measured import Estimate
from cfdist.evaluation.report.scale import Scale

STRIP_HEIGHT = 26
_CAP = 4


def along(percent: float) -> str:
    """A horizontal position."""
    return f"{percent:.2f}%"


def strip(*marks: Markup, told: str, height: int = STRIP_HEIGHT) -> Markup:
    """A row of a chart within a table, whose cells hold the numbers: hidden from readers."""
    return tag(
        "svg", tag("title", told), *marks, class_="strip", height=str(height), aria_hidden="true"
    )


def figure(key: str, title: str, description: str, height: int, *marks: Markup) -> Markup:
    """A chart of its own, named and described for those who cannot see it."""
    names = (tag("title", title, id=f"{key}-title"), tag("desc", description, id=f"{key}-desc"))
    return tag(
        "svg",
        *names,
        *marks,
        class_="plot",
        role="img",
        height=str(height),
        aria_labelledby=f"{key}-title {key}-desc",
    )


def grid(scale: Scale, height: int = STRIP_HEIGHT) -> Markup:
    """Thin vertical lines at the ticks."""
    return join(*(vertical(scale.at(tick), height, "grid") for tick in scale.ticks))


def vertical(x: float, height: float, class_: str) -> Markup:
    """A line from top to bottom."""
    return tag("line", x1=along(x), x2=along(x), y1="0", y2=f"{height:g}", class_=class_)


def horizontal(y: float, class_: str, start: float = 0, end: float = 100) -> Markup:
    """A line from left to right."""
    return tag("line", x1=along(start), x2=along(end), y1=f"{y:.1f}", y2=f"{y:.1f}", class_=class_)


def axis(scale: Scale, label: Callable[[float], str], y: int = 14) -> Markup:
    """The ticks' labels, every other one where there are many."""
    every = 1 if len(scale.ticks) <= 6 else 2
    return join(
        *(
            tag("text", label(tick), x=along(scale.at(tick)), y=str(y), text_anchor="middle")
            for tick in scale.ticks[::every]
        )
    )


def whisker(scale: Scale, estimate: Estimate, kind: str, y: float = STRIP_HEIGHT / 2) -> Markup:
    """The 95 % interval, a line with caps."""
    if not estimate.has_interval:
        return Markup("")
    low, high = scale.at(estimate.low), scale.at(estimate.high)
    caps = (
        tag(
            "line",
            x1=along(x),
            x2=along(x),
            y1=f"{y - _CAP:g}",
            y2=f"{y + _CAP:g}",
            class_=f"whisker {kind}",
        )
        for x in (low, high)
    )
    return join(horizontal(y, f"whisker {kind}", low, high), *caps)


def dot(x: float, y: float, kind: str, told: str | None = None) -> Markup:
    """A point: a diamond for the chosen one, a square for ``popular``, else a circle.

    The shapes tell them apart without colours.
    """
    sides = {"chosen": (10, "turned"), "popular": (9, None)}.get(kind)
    hint = tag("title", told) if told else None
    if sides is None:
        return tag("circle", hint, cx=along(x), cy=f"{y:.1f}", r="4.5", class_=f"mark {kind}")
    size, turned = sides
    # Only within a nested drawing can a shape be centred at a percentage.
    shape = tag(
        "rect",
        x=f"{-size / 2:g}",
        y=f"{-size / 2:g}",
        width=str(size),
        height=str(size),
        transform="rotate(45)" if turned else None,
        class_=f"mark {kind}",
    )
    return tag("svg", hint, shape, x=along(x), y=f"{y:.1f}", class_="at")


def bar(scale: Scale, value: float, kind: str, height: int = STRIP_HEIGHT) -> Markup:
    """A bar from zero."""
    start, end = sorted((scale.at(0.0), scale.at(value)))
    return tag(
        "rect",
        x=along(start),
        width=along(end - start),
        y=f"{height / 2 - 6:g}",
        height="12",
        class_=f"bar {kind}",
    )


def polyline(points: Sequence[tuple[float, float]], height: float, class_: str) -> Markup:
    """A line through points (percent, pixels) of a chart of the given height."""
    path = " ".join(f"{x:.2f},{100 * y / height:.2f}" for x, y in points)
    return _stretched("polyline", path, height, class_)


def polygon(points: Sequence[tuple[float, float]], height: float, class_: str) -> Markup:
    """An area around points (percent, pixels)."""
    path = " ".join(f"{x:.2f},{100 * y / height:.2f}" for x, y in points)
    return _stretched("polygon", path, height, class_)


def _stretched(element: str, path: str, height: float, class_: str) -> Markup:
    """A shape drawn in a square of 100 that is pulled to the chart's size; its pen is not."""
    shape = tag(element, points=path, class_=class_, vector_effect="non-scaling-stroke")
    return tag(
        "svg",
        shape,
        width="100%",
        height=f"{height:g}",
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
    )
