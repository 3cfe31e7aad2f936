"""Gowalla, measured: a table beside the published figures, and paired bootstraps."""

import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import quality_gowalla as gowalla
from quality_judge import column, figures, opened
from quality_tables import signed, table, with_interval

from cfdist.evaluation.comparison import Outcome
from cfdist.evaluation.evaluate import Comparison, compare
from cfdist.evaluation.intervals import bootstrap_paired
from cfdist.evaluation.ranks import ranks_of
from cfdist.schema import BLEND
from cfdist.stages.context import Context
from cfdist.stages.ingest import ingest

RESAMPLES, SEED = 10_000, 0


def run(
    data: Path, *, choosing: bool = False, only: Sequence[str] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Figures of all candidates, and the lines of the tables.

    Parameters
    ----------
    choosing : bool
        Compare settings on a tenth of train instead; test is not read then.
    only : names of candidates; None: all
    """
    chosen = gowalla.choices() if choosing else gowalla.candidates()
    chosen = [candidate for candidate in chosen if only is None or candidate.name in only]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gowalla.write_tables(data, folder)
        with opened(gowalla.settings(folder, choosing=choosing)) as context:
            found = compare(context, ingest(context), chosen)
            rows = [_row(context, found, outcome) for outcome in found.outcomes]
            gains = [] if choosing else _gains(context, found)
            meta = found.reporting.base.matrix.meta
    document = {
        "candidates": rows,
        "gains": gains,
        "shape": meta["shape"],
        "n_pairs": found.reporting.counts.new.n_pairs,
        "n_users": found.reporting.counts.new.n_users,
    }
    return document, _lines(document, choosing)


def _row(context: Context, found: Comparison, outcome: Outcome) -> dict[str, Any]:
    row = {
        "name": outcome.candidate.name,
        "settings": dict(outcome.candidate.settings),
        "seconds": round(outcome.seconds, 1),
        "error": outcome.error,
    }
    if outcome.error is None:
        row["figures"] = figures(context, found.reporting, outcome, "new", gowalla.METRICS_SHOWN)
    return row


def _gains(context: Context, found: Comparison) -> list[dict[str, Any]]:
    """Blends, and whatever leads ChebyCF on a metric, against it with the paired bootstrap."""
    cheby = next((o for o in found.able if o.candidate.name == gowalla.CHEBY), None)
    if cheby is None:
        return []
    place = ranks_of(context.config.evaluation).index(20)
    gains = []
    for outcome, metric in product(found.able, ("recall", "ndcg")):
        ours = column(outcome, found.reporting, "new", metric, place)
        theirs = column(cheby, found.reporting, "new", metric, place)
        mean = float(np.nanmean(ours - theirs))
        if mean > 0 or outcome.candidate.method == BLEND:
            about = {"name": outcome.candidate.name, "metric": f"{metric}@20", "mean": mean}
            gains.append(about | bootstrap_paired(ours, theirs, RESAMPLES, SEED)._asdict())
    return gains


def _lines(document: dict[str, Any], choosing: bool) -> list[str]:
    n_users, n_articles = document["shape"]
    where = "a random tenth of every user's train articles held out" if choosing else "test"
    lines = [
        f"Gowalla, {n_users:,} users × {n_articles:,} places; judged on {where}: "
        f"{document['n_users']:,} users, {document['n_pairs']:,} pairs",
        "",
        *table(
            ["method", *gowalla.METRICS_SHOWN, "published recall@20 / ndcg@20", "s"],
            [_cells(row) for row in document["candidates"]],
        ),
    ]
    if choosing:
        return lines
    lines += ["", *table(["published, not run here", "recall@20", "ndcg@20"], _elsewhere())]
    if document["gains"]:
        lines += ["", f"Against {gowalla.CHEBY}, paired bootstrap of {RESAMPLES:,} resamples", ""]
        lines += table(
            ["method", "metric", "difference [95 %]", "resamples not better"], _gain_cells(document)
        )
    reached = {
        row["name"]: (row["figures"]["recall@20"].mean, row["figures"]["ndcg@20"].mean)
        for row in document["candidates"]
        if row["error"] is None
    }
    bounded = [name for name in reached if name in gowalla.MUST_HOLD]
    if not bounded:
        return lines
    good = f"{', '.join(bounded)}: as high as it must be"
    return [*lines, "", *(gowalla.too_low(reached) or [good])]


def _cells(row: dict[str, Any]) -> list[str]:
    if row["error"] is not None:
        return [row["name"], f"failed: {row['error']}", *[""] * len(gowalla.METRICS_SHOWN), ""]
    shown = [with_interval(row["figures"][name]) for name in gowalla.METRICS_SHOWN[:2]]
    shown += [f"{row['figures'][name].mean:.4f}" for name in gowalla.METRICS_SHOWN[2:]]
    published = gowalla.PUBLISHED.get(row["name"])
    source = f"{published[0]:.4f} / {published[1]:.4f} ({published[2]})" if published else ""
    return [row["name"], *shown, source, f"{row['seconds']:.0f}"]


def _elsewhere() -> list[list[str]]:
    return [[name, f"{r:.4f}", f"{n:.4f}"] for name, (r, n) in gowalla.ELSEWHERE.items()]


def _gain_cells(document: dict[str, Any]) -> list[list[str]]:
    return [
        [gain["name"], gain["metric"], signed(gain["mean"], gain["low"], gain["high"]),
         f"{gain['share_not_better']:.4f}"]
        for gain in document["gains"]
    ]  # fmt: skip
