"""All metrics at every length of list, for new and for all articles, and the later window."""

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup

from cfdist.evaluation.report.figures import decimal
from cfdist.evaluation.report.forest import titled
from cfdist.evaluation.report.markup import join, tag
from cfdist.evaluation.report.measured import Candidate, Comparison, Estimate, estimate_of
from cfdist.evaluation.report.measured import section as part
from cfdist.evaluation.report.metric_columns import columns_of, in_order, spans_of
from cfdist.evaluation.report.section import Section
from cfdist.evaluation.report.table import Row, Table

_TITLES = {
    ("metrics", "new"): "Articles that the user did not have",
    ("metrics", "all"): "All articles, bought again or new",
    ("report_metrics", "new"): "The later window, which chose nothing: new articles",
    ("report_metrics", "all"): "The later window, which chose nothing: all articles",
}


def section(found: Comparison) -> Section | None:
    """A table per kind of articles and window; None where there are no metrics."""
    tables = list(_tables(found))
    if not tables:
        return None
    lead = (
        "Means over users; ± is half of the 95 % interval. The highest value of a column is bold, "
        "which does not make it separable from the next."
    )
    return Section("metrics", "All metrics", lead, join(*tables))


def _tables(found: Comparison) -> Iterator[Markup]:
    for (window, articles), title in _TITLES.items():
        known = [c for c in found.ranked if part(part(c.values, window), articles)]
        keys = in_order(str(key) for c in known for key in part(part(c.values, window), articles))
        if keys:
            table_rows = _rows(known, found, window, articles, keys)
            columns, spans = columns_of(keys), spans_of(keys)
            yield Table(title, columns, table_rows, "wide sortable", spans=spans).html()


def _rows(
    known: Sequence[Candidate], found: Comparison, window: str, articles: str, keys: Sequence[str]
) -> list[Row]:
    values = {
        (c.name, key): estimate_of(part(part(c.values, window), articles).get(key))
        for c in known
        for key in keys
    }
    best = {
        key: max((v.mean for c in known if (v := values[c.name, key])), default=None)
        for key in keys
    }
    return [
        Row(
            [titled(c, found), *(_cell(values[c.name, key], best[key]) for key in keys)],
            found.kind(c),
        )
        for c in known
    ]


def _cell(value: Estimate | None, best: float | None) -> Any:
    if value is None:
        return "–"
    mean = tag("strong" if value.mean == best else "span", decimal(value.mean))
    around = tag("small", f"± {decimal(value.half_width)}") if value.has_interval else None
    return join(mean, " ", around)
