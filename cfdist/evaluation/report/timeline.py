"""The windows of the split, drawn on a line of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report import svg
from cfdist.evaluation.report.figures import count, date, instant
from cfdist.evaluation.report.markup import join, name, tag
from cfdist.evaluation.report.measured import rows
from cfdist.evaluation.report.measured import section as part
from cfdist.evaluation.report.scale import Scale
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table

_ROLES = {"choose": "chooses", "report": "reports only"}
_EPOCH = datetime(1970, 1, 1)
_SIGN = {"width": "22", "height": "26", "class_": "sign", "aria_hidden": "true"}


@dataclass(frozen=True)
class _Window:
    """A window with all of its dates but perhaps the first."""

    train_from: datetime | None
    train_until: datetime
    test_until: datetime


def section(evaluation: Mapping[str, Any]) -> Section | None:
    """The split: its label, its warning and its windows; None where there is none."""
    split = part(evaluation, "split")
    if not split:
        return None
    windows = rows(split, "windows")
    warning = split.get("warning")
    told = tag("p", tag("strong", "Take care: "), warning, class_="warning") if warning else None
    table = _table(windows).html() if windows else None
    label = split.get("label") or split.get("kind") or "unnamed"
    key = _key() if any(_dates(w) for w in windows) else None
    return Section("split", "How it was split", f"Split: {label}.", join(told, key, table))


def _key() -> Markup:
    """What the bars stand for."""
    return tag(
        "p",
        *(
            tag("span", tag("svg", _period(0, 100, class_), **_SIGN), words)
            for class_, words in (
                ("trained", "trained on"),
                ("tested", "tested; chooses"),
                ("tested report", "tested; chose nothing, so it judges the choice"),
            )
        ),
        class_="key",
    )


def _table(windows: Sequence[Mapping[str, Any]]) -> Table:
    dated = [found for w in windows if (found := _dates(w))]
    scale = _scale(dated) if dated else None
    columns = [
        Column("Window", "name"),
        Column(_axis(scale) if scale else tag("span", "drawing", class_="unseen"), "chart"),
        Column("trained until", "text"),
        Column("tested until", "text"),
        Column("training rows", "number"),
        Column("test rows", "number"),
    ]
    table_rows = [Row(_cells(w, scale)) for w in windows]
    return Table("The windows", columns, table_rows, "chart timeline" if scale else "")


def _dates(window: Mapping[str, Any]) -> _Window | None:
    trained, tested = instant(window.get("train_until")), instant(window.get("test_until"))
    if trained is None or tested is None or tested <= trained:
        return None
    return _Window(instant(window.get("train_from")), trained, tested)


def _scale(windows: Sequence[_Window]) -> Scale:
    """Time in days. Where training goes back without end, half of the line is training."""
    last = max(w.test_until for w in windows)
    first_cut = min(w.train_until for w in windows)
    starts = [w.train_from for w in windows if w.train_from] or [first_cut - (last - first_cut)]
    low, high = _days(min(starts)), _days(last)
    return Scale(low, high, tuple(_ticks(min(starts), last)))


def _days(when: datetime) -> float:
    return (when - _EPOCH) / timedelta(days=1)


def _ticks(start: datetime, end: datetime) -> list[float]:
    """Firsts of months, at most five; days where there are no two."""
    step = max(1, -(-((end.year - start.year) * 12 + end.month - start.month) // 5))
    months = range(start.year * 12 + start.month - 1, end.year * 12 + end.month, step)
    firsts = [datetime(month // 12, month % 12 + 1, 1) for month in months]
    inside = [_days(first) for first in firsts if start <= first <= end]
    return inside if len(inside) > 1 else [_days(start), _days(end)]


def _axis(scale: Scale) -> Markup:
    def told(day: float) -> str:
        when = _EPOCH + timedelta(days=day)
        return f"{when:%b %Y}" if when.day == 1 else f"{when.day} {when:%b}"

    labels = (
        tag("text", told(t), x=svg.along(scale.at(t)), y="14", text_anchor=_anchor(scale.at(t)))
        for t in scale.ticks
    )
    return svg.strip(*labels, told="time", height=18)


def _anchor(percent: float) -> str:
    return "start" if percent < 8 else "end" if percent > 92 else "middle"


def _cells(window: Mapping[str, Any], scale: Scale | None) -> list[Any]:
    called, given = str(window.get("name", "window")), str(window.get("role", ""))
    role = None if called.startswith(given) else _ROLES.get(given, given)
    dates = _dates(window)
    return [
        join(name(called), tag("small", " ", role) if role else None),
        _drawn(dates, scale, reports=given == "report") if dates and scale else "",
        date(window.get("train_until")),
        date(window.get("test_until")),
        count(window.get("n_train_rows")),
        count(window.get("n_test_rows")),
    ]


def _drawn(window: _Window, scale: Scale, *, reports: bool) -> Markup:
    start = scale.at(_days(window.train_from)) if window.train_from else 0.0
    cut, end = scale.at(_days(window.train_until)), scale.at(_days(window.test_until))
    told = f"trained until {window.train_until:%Y-%m-%d}, tested until {window.test_until:%Y-%m-%d}"
    earlier = None if window.train_from else tag("text", "‹", x="2", y="18", class_="earlier")
    return svg.strip(
        svg.grid(scale),
        _period(start, cut, "trained"),
        _period(cut, end, "tested report" if reports else "tested"),
        join(earlier),
        told=told,
    )


def _period(start: float, end: float, class_: str) -> Markup:
    return tag(
        "rect",
        x=svg.along(start),
        width=svg.along(max(end - start, 0.5)),
        y="9" if class_ == "trained" else "6",
        height="8" if class_ == "trained" else "14",
        class_=f"period {class_}",
    )
