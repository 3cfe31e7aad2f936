"""The candidates, best first: means with intervals, and paired differences to ``popular``."""

from collections.abc import Iterator

from markupsafe import Markup

from cfdist.evaluation.report import svg
from cfdist.evaluation.report.figures import decimal
from cfdist.evaluation.report.markup import join, name, tag
from cfdist.evaluation.report.measured import Candidate, Comparison, Estimate
from cfdist.evaluation.report.scale import Scale, linear
from cfdist.evaluation.report.section import Section, badge
from cfdist.evaluation.report.table import Column, Row, Table


def section(found: Comparison, *, filled: bool = True) -> Section | None:
    """The forest plot; None where nothing was measured.

    Parameters
    ----------
    found : Comparison
        The candidates.
    filled : bool
        Whether the lists that were judged are those that are served.
    """
    if not found.ranked:
        return None
    scale = linear(_ends(c.primary for c in found.ranked))
    differences = linear(_ends(_differences(found)), zero=True, n_ticks=4)
    columns = [
        Column("Candidate", "name"),
        Column(join(found.key, tag("small", " with 95 % interval")), "chart"),
        Column("mean", "number"),
    ]
    axis: list[Markup | str] = ["", _axis(scale), ""]
    paired = found.popular is not None and bool(_differences(found))
    if paired:
        columns += [
            Column(join("minus popular", tag("small", ", paired")), "chart second"),
            Column("difference", "number", label="minus popular"),
        ]
        axis += [_axis(differences), ""]
    rows = [
        Row(
            [
                *_mean_cells(c, found, scale),
                *(_difference_cells(c, found, differences) if paired else []),
            ],
            found.kind(c),
        )
        for c in found.ranked
    ]
    table = Table(
        f"{found.key} of every candidate", columns, rows, "chart forest", [Row(axis, "axis")]
    )
    lead = _lead(found, paired)
    if not filled:
        lead += " Lists are judged as the method made them, before they are filled up."
    return Section("candidates", "The candidates", lead, table.html())


def _lead(found: Comparison, paired: bool) -> str:
    text = "Sorted by the mean over users."
    if found.popular is not None:
        text += " The dashed line is popular: everybody gets the same list."
    if paired:
        text += (
            " A candidate beats it where the difference over the same users (minus popular, paired)"
            " stays above zero; bold differences do not touch zero."
        )
    return text


def _ends(estimates: Iterator[Estimate] | list[Estimate]) -> list[float]:
    return [end for estimate in estimates for end in (estimate.low, estimate.high)]


def _differences(found: Comparison) -> list[Estimate]:
    others = (c.against_popular for c in found.ranked if c is not found.popular)
    return [difference for difference in others if difference]


def _axis(scale: Scale) -> Markup:
    return svg.strip(svg.axis(scale, scale.label), told="axis", height=18)


def _mean_cells(candidate: Candidate, found: Comparison, scale: Scale) -> list[Markup | str]:
    kind, value = found.kind(candidate), candidate.primary
    reference = (
        svg.vertical(scale.at(found.popular.primary.mean), svg.STRIP_HEIGHT, "reference")
        if found.popular
        else Markup("")
    )
    told = f"{candidate.name}: {decimal(value.mean)}, 95 % interval {value.interval()}"
    marks = (
        svg.grid(scale),
        reference,
        svg.whisker(scale, value, kind),
        svg.dot(scale.at(value.mean), svg.STRIP_HEIGHT / 2, kind),
    )
    around = tag("small", f" ± {decimal(value.half_width)}") if value.has_interval else None
    return [
        titled(candidate, found),
        svg.strip(*marks, told=told),
        join(decimal(value.mean), around),
    ]


def titled(candidate: Candidate, found: Comparison) -> Markup:
    """A candidate's name and what it is."""
    marks = [badge("chosen", "chosen")] if candidate is found.chosen else []
    if candidate is found.popular:
        marks.append(badge("reference", "popular"))
    return join(name(candidate.name), *(join(" ", mark) for mark in marks))


def _difference_cells(candidate: Candidate, found: Comparison, scale: Scale) -> list[Markup | str]:
    zero = svg.vertical(scale.at(0.0), svg.STRIP_HEIGHT, "reference")
    value = candidate.against_popular
    if candidate is found.popular or value is None:
        return [svg.strip(svg.grid(scale), zero, told="nothing to compare"), "–"]
    kind = found.kind(candidate)
    marks = (
        svg.grid(scale),
        zero,
        svg.whisker(scale, value, kind),
        svg.dot(scale.at(value.mean), svg.STRIP_HEIGHT / 2, kind),
    )
    told = f"{candidate.name} minus popular: {value.spread()}"
    weight = "strong" if value.is_separable else "span"
    return [svg.strip(*marks, told=told), tag(weight, value.spread())]
