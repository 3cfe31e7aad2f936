"""How far a sample tells the same as all users."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report import svg
from cfdist.evaluation.report.figures import compact, count, decimal, number, percent, signed
from cfdist.evaluation.report.measured import Comparison, estimate_of, rows
from cfdist.evaluation.report.scale import Scale, linear
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Column, Row, Table


def section(found: Comparison, evaluation: Mapping[str, Any]) -> Section | None:
    """A row per size of sample, the drift drawn; None where no sample was taken."""
    samples = sorted(rows(evaluation, "sample"), key=lambda s: number(s.get("percent")) or 0.0)
    if not samples:
        return None
    drifts = [d for s in samples if (d := estimate_of(s.get("drift")))]
    scale = linear([end for d in drifts for end in (d.low, d.high)], zero=True, n_ticks=4)
    columns = [
        Column("Sample", "name"),
        Column(svg.strip(svg.axis(scale, scale.label), told="axis", height=18), "chart"),
        Column("drift", "number"),
        Column("users", "number"),
        Column(found.key, "number"),
        Column("energy", "number"),
        Column("energy drift", "number"),
        Column("separable", "text"),
    ]
    lead = (
        f"Drift: {found.key} on the sample minus on all users. "
        "Where its interval holds zero, the sample tells the same as far as can be seen."
    )
    table = Table("Samples and their drift", columns, [_row(s, scale) for s in samples], "chart")
    return Section("sample", "How far a sample is honest", lead, table.html())


def _row(sample: Mapping[str, Any], scale: Scale) -> Row:
    drift, value = estimate_of(sample.get("drift")), estimate_of(sample.get("metric"))
    drawn = Markup("")
    if drift:
        kind = "chosen" if drift.is_separable else "other"
        drawn = svg.strip(
            svg.grid(scale),
            svg.vertical(scale.at(0.0), svg.STRIP_HEIGHT, "zero"),
            svg.whisker(scale, drift, kind),
            svg.dot(scale.at(drift.mean), svg.STRIP_HEIGHT / 2, kind),
            told=f"drift {drift.spread()}",
        )
    return Row(
        [
            f"{compact(number(sample.get('percent')))} %",
            drawn,
            drift.spread() if drift else "–",
            count(sample.get("n_users")),
            f"{decimal(value.mean)} ± {decimal(value.half_width)}" if value else "–",
            percent(sample.get("energy")),
            signed(sample.get("energy_drift")),
            sample.get("separable"),
        ]
    )
