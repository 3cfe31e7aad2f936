"""The figures of a benchmark as text: one table, what agrees, how to read it."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from cold_run import ColdRun

GIB = 2**30
MAX_OTHERS_SHARE = 0.05
STAGES = ("ingest", "index", "matrix", "factorize", "neighbors", "recommend", "publish", "rest")
OURS = ("hold_out",)
"""A stage that the peer has not: measuring on held-out purchases, for the gate."""


def summarize_runs(runs: Sequence[ColdRun]) -> dict[str, Any]:
    """Medians of several cold runs of one command.

    Examples
    --------
    >>> runs = [ColdRun(s, 2**30, 1.5, 0.0, {"seconds": {"ingest": 1.0}}) for s in (3.0, 2.0, 9.0)]
    >>> summarize_runs(runs)["seconds"]
    {'ingest': 1.0, 'rest': 2.0}
    """
    stages = {name: median(run.seconds[name] for run in runs) for name in runs[0].seconds}
    return {
        "wall_s": median(run.wall_s for run in runs),
        "wall_s_of_each": [run.wall_s for run in runs],
        "cpu_s": median(run.cpu_s for run in runs),
        "peak_bytes": median(run.peak_bytes for run in runs),
        "anonymous_bytes": median(run.anonymous_bytes for run in runs),
        "others_share": max(run.others_share for run in runs),
        "seconds": stages,
    }


def ratios(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, float]:
    """Peer over cfdist: stages, total, CPU seconds and peak memory."""
    found = {name: theirs["seconds"][name] / ours["seconds"][name] for name in STAGES}
    return found | {
        "total": theirs["wall_s"] / ours["wall_s"],
        "cpu": theirs["cpu_s"] / ours["cpu_s"],
        "peak memory": theirs["peak_bytes"] / ours["peak_bytes"],
    }


def table_lines(ours: Mapping[str, Any], theirs: Mapping[str, Any] | None) -> list[str]:
    """Stage, seconds of cfdist, seconds of the peer, ratio; then totals."""
    head = f"{'':12} {'cfdist':>11} {'peer':>11} {'peer / cfdist':>14}"
    share = ratios(ours, theirs) if theirs else {}
    rows = [
        (name, "s", ours["seconds"][name], theirs and theirs["seconds"].get(name))
        for name in (*STAGES[:-1], *OURS, STAGES[-1])
        if name in ours["seconds"]
    ]
    rows += [("total", "s", *_both(ours, theirs, "wall_s"))]
    rows += [("cpu", "s", *_both(ours, theirs, "cpu_s"))]
    rows += [("peak memory", "GiB", *_both(ours, theirs, "peak_bytes"))]
    rows += [("disturbed", "%", *_both(ours, theirs, "others_share"))]
    return [head, *(_row(name, unit, a, b, share.get(name)) for name, unit, a, b in rows)]


def _both(
    ours: Mapping[str, Any], theirs: Mapping[str, Any] | None, *keys: str
) -> tuple[float, float | None]:
    values: list[Any] = [ours, theirs]
    for key in keys:
        values = [value and value[key] for value in values]
    return values[0], values[1]


def _row(name: str, unit: str, ours: float, theirs: float | None, ratio: float | None) -> str:
    scale = {"GiB": GIB, "%": 0.01}.get(unit, 1)
    cells = [f"{value / scale:.2f} {unit}" if value is not None else "" for value in (ours, theirs)]
    return f"{name:12} {cells[0]:>11} {cells[1]:>11} {f'{ratio:.1f}' if ratio else '':>14}"


def disturbance_lines(*measured: Mapping[str, Any] | None) -> list[str]:
    """A warning if other programs ran, otherwise nothing."""
    worst = max(run["others_share"] for run in measured if run)
    if worst <= MAX_OTHERS_SHARE:
        return []
    return [
        f"WARNING: other programs took up to {worst:.0%} of the machine during a run. "
        "Measure again on an idle one."
    ]


def distinct_line(
    metrics: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> str:
    """What the ratio would be if the peer searched distinct histories alone, in words."""
    share = metrics["n_profiles"] / metrics["n_users"]
    ratio = ratio_if_distinct(metrics, ours, theirs)
    return (
        f"{share:.0%} of the histories are distinct; cfdist searches those, the peer all users. "
        f"With the peer's search cut to {share**2:.0%} the total ratio would be {ratio:.1f}."
    )


def ratio_if_distinct(
    metrics: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> float:
    """Peer over cfdist in total, had the peer searched distinct histories alone, by arithmetic."""
    share = metrics["n_profiles"] / metrics["n_users"]
    saved: float = theirs["seconds"]["neighbors"] * (1 - share**2)
    return float((theirs["wall_s"] - saved) / ours["wall_s"])


def agreement_lines(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The checks as text."""
    search = found["search"]
    lines = [
        f"search: {search['missed']:,} of {search['entries']:,} similar users missed against brute "
        f"force over the same factors; cosines off by {search['largest_error']:.0e} at most"
    ]
    if "pairs" not in found:
        return lines
    similar, pairs, lists = found["similar_users"], found["pairs"], found["lists"]
    return [
        f"singular values: at most {found['singular_values']['largest']:.0e} apart, relative",
        *lines,
        f"similar users: {similar['entries']:,} cosines are in both; apart {similar['median']:.0e} "
        f"in the median, {similar['p99']:.0e} at the 99th percentile",
        f"pairs: {pairs['equal_share']:.2%} of {pairs['entries']:,} basket counts are equal",
        f"lists: {lists['common_share']:.0%} of the articles are in both (no check: cfdist weighs "
        "profiles and fills from similar articles first)",
    ]
