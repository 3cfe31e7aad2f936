"""What a run made, for people."""

from typing import Any

from rich.console import Group
from rich.table import Table

from cfdist.cli.tables import facts, table_of
from cfdist.input.check import NOT_SAMPLED
from cfdist.runs.record import RunRecord


def summarize(record: RunRecord, last: RunRecord | None = None) -> Group:
    """Numbers of a run, each beside the last run of the same kind."""
    parts: list[Table] = [
        facts("Result", _results(record, last)),
        table_of("Rows", ("what", "rows", "first example"), _rows(record)),
        table_of("Seconds per stage", ("stage", "seconds", "last run"), _seconds(record, last)),
    ]
    return Group(*parts)


def _results(record: RunRecord, last: RunRecord | None) -> dict[str, Any]:
    m, old = record.metrics, last.metrics if last else {}
    by_source = ", ".join(
        f"{source} {_percent(count / max(1, m['n_recommendations']))}"
        for source, count in m["entries_by_source"].items()
        if count
    )
    return _quality(m) | {
        "variance explained": _share(m, old, "energy", "of the matrix (energy)"),
        "": _share(m, old, "explained_variance_ratio", "centred, as scikit-learn says it"),
        "recommendations": _number(m, old, "n_recommendations") + f" ({by_source})" + _short(m),
        "pairs": _number(m, old, "n_pairs"),
        "users": _number(m, old, "n_users") + f", {m['n_profiles']:,} distinct histories",
        "articles": _number(m, old, "n_articles"),
        "baskets": f"{m['n_baskets']:,} by {m['basket_kind']}"
        + (f", {m['n_large_baskets']:,} too large" if m["n_large_baskets"] else ""),
        "SVD": f"{m['n_components']} components, {m['svd_method']}, {_passes(m['n_passes'])}, "
        f"largest residual {max(m['residuals']):.0e}",
    }


def _quality(m: dict[str, Any]) -> dict[str, str]:
    """What the gate measured on the newest purchases, in a training."""
    found = m.get("hold_out")
    if not found:
        return {}
    gain = found["difference"]
    half = gain["mean"] - gain["low"]
    return {
        f"{found['metric']}": f"{found['mean']:.4f} on the newest purchases; popular "
        f"{found['popular']:.4f}, paired {gain['mean']:+.4f} ± {half:.4f}, "
        f"{gain['n_users']:,} users"
    }


def _passes(number: int) -> str:
    return "1 pass" if number == 1 else f"{number} passes"


def _percent(share: float) -> str:
    return "< 1%" if 0 < share < 0.01 else f"{share:.0%}"


def _short(m: dict[str, Any]) -> str:
    """How many lists the catalogue was too small for."""
    return f", {m['short_lists']:,} lists are shorter than N" if m["short_lists"] else ""


def _share(m: dict[str, Any], old: dict[str, Any], key: str, words: str) -> str:
    change = (
        f" ({(m[key] - old[key]) * 100:+z.2f} points against the last run)" if key in old else ""
    )
    return f"{m[key]:.2%} {words}{change}"


def _number(m: dict[str, Any], old: dict[str, Any], key: str) -> str:
    change = f" ({m[key] - old[key]:+,})" if key in old and m[key] != old[key] else ""
    return f"{m[key]:,}{change}"


def _rows(record: RunRecord) -> list[tuple[Any, ...]]:
    rows = record.rows
    dropped = [
        (reason, number, "" if reason == NOT_SAMPLED else rows["examples"].get(reason, ""))
        for reason, number in sorted(rows["dropped"].items(), key=lambda pair: -pair[1])
    ]
    return [("read", rows["rows_in"], ""), ("used", rows["rows_used"], ""), *dropped]


def _seconds(record: RunRecord, last: RunRecord | None) -> list[tuple[Any, ...]]:
    old = last.seconds if last else {}
    rows: list[tuple[Any, ...]] = [
        (f"{stage} (resumed)" if stage in record.resumed else stage, value, old.get(stage))
        for stage, value in record.seconds.items()
    ]
    return [
        *rows,
        ("all, with start-up", record.total_seconds, last.total_seconds if last else None),
    ]
