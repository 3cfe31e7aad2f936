"""What an evaluation found, for the terminal."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cfdist.cli.tables import console, facts, table_of
from cfdist.evaluation.report import verdict
from cfdist.runs.evaluations import REPORT


def print_evaluation(result: Mapping[str, Any], runs: Path) -> None:
    """Verdict, candidates, components, and where the report is."""
    out = console()
    out.print(verdict(result), markup=False)
    out.print(candidates_table(result))
    if result.get("components"):
        out.print(components_table(result))
    if result.get("sample"):
        out.print(sample_table(result))
    out.print(facts("Judged", _population(result) | _partners(result)))
    warning = result["split"].get("warning")
    for note in [*([warning] if warning else []), *result.get("notes", [])]:
        out.print(f"note: {note}", style="dim", markup=False)
    if decision := result.get("decision"):
        until = f", until {decision['expires_at']}" if decision.get("expires_at") else ""
        out.print(
            f"\nDecision: {decision['name']}{until}: {decision['reason']}", markup=False,
            soft_wrap=True,
        )  # fmt: skip
    report = runs / result["run"] / REPORT
    out.print(f"\nReport:  {shlex.quote(str(report))}", markup=False, soft_wrap=True)


def candidates_table(result: Mapping[str, Any]) -> Any:
    """One row per candidate, in the order of the primary metric."""
    name = primary(result)
    kind, other = result["articles"], "all" if result["articles"] == "new" else "new"
    ndcg, coverage = f"ndcg@{result['k']}", f"coverage@{result['k']}"
    rows = []
    for row in _by_metric(result):
        if row["status"] != "ok":
            rows.append((row["name"], "", "", "", row["error"], "", row["seconds"], "failed"))
            continue
        own = row["metrics"][kind]
        rows.append(
            (
                row["name"],
                estimate_text(own[name]),
                decimal(row["metrics"][other][name]["mean"]),
                decimal(own[ndcg]["mean"]),
                difference_text(row.get("against_popular")),
                f"{row['lists'][coverage] or 0:.1%}",
                row["seconds"],
                _mark(row["name"], result.get("decision") or {}),
            )
        )
    head = (
        "candidate", f"{name}, {kind} articles", f"{other} articles", ndcg, "against popular",
        "coverage", "seconds", "",
    )  # fmt: skip
    return table_of("Candidates", head, rows)


def components_table(result: Mapping[str, Any]) -> Any:
    """Variance and quality side by side."""
    rows = [
        (
            point["n_components"],
            f"{point['energy']:.2%}",
            estimate_text(point),
            "elbow" if point["is_elbow"] else "",
        )
        for point in result["components"]
    ]
    method = result["components"][0].get("method", "")
    return table_of(
        "Components", ("components", "variance", f"{primary(result)} of {method}", ""), rows
    )


def sample_table(result: Mapping[str, Any]) -> Any:
    """How far samples are from the whole."""
    rows = [
        (
            f"{row['percent']:g} %",
            row["n_users"],
            estimate_text(row["metric"]),
            difference_text(row["drift"]),
            f"{row['energy_drift']:+.2%}" if row["energy_drift"] is not None else "",
            row["separable"],
        )
        for row in result["sample"]
    ]
    head = ("sample", "users", primary(result), "drift", "drift of variance", "can decide")
    return table_of("Samples", head, rows)


def primary(result: Mapping[str, Any]) -> str:
    """Such as ``recall@10``."""
    return f"{result['metric']}@{result['k']}"


def estimate_text(estimate: Mapping[str, Any]) -> str:
    """Mean and half of the 95 % interval."""
    if estimate["mean"] is None:
        return "nobody judged"
    if estimate["low"] is None:
        return f"{estimate['mean']:.4f}"
    return f"{estimate['mean']:.4f} ± {estimate['mean'] - estimate['low']:.4f}"


def difference_text(estimate: Mapping[str, Any] | None) -> str:
    """Signed mean and half of the 95 % interval."""
    if not estimate or estimate["mean"] is None or estimate["n_users"] == 0:
        return ""
    if estimate["low"] is None:
        return f"{estimate['mean']:+.4f}"
    return f"{estimate['mean']:+.4f} ± {estimate['mean'] - estimate['low']:.4f}"


def decimal(value: float | None) -> str:
    """Four digits."""
    return "" if value is None else f"{value:.4f}"


def _partners(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the pairs are worth, at the primary rank where it was measured."""
    found = result.get("pairs") or {}
    ending = f" hit@{result['k']}"
    words = [
        f"{name.removesuffix(ending)} {estimate_text(found[name])}"
        for name in found
        if name.endswith(ending)
    ]
    if not words:
        return {}
    return {f"pairs,{ending}": f"{'; '.join(words)}; {found['n_baskets']:,} later baskets"}


def _mark(name: str, decision: Mapping[str, Any]) -> str:
    if name != decision.get("name"):
        return ""
    return "chosen" if decision.get("expires_at") else "used"


def _by_metric(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    name, kind = primary(result), result["articles"]

    def key(row: Mapping[str, Any]) -> tuple[bool, float]:
        mean = row["metrics"][kind][name]["mean"] if row["status"] == "ok" else None
        return (mean is None, -(mean or 0.0))

    return sorted(result["candidates"], key=key)


def _population(result: Mapping[str, Any]) -> dict[str, Any]:
    found = result["population"]
    unreachable = found["unreachable_share"]
    ceiling = found["ceiling"].get(str(result["k"]))
    return {
        "split": result["split"]["label"],
        "users": f"{found['n_judged']:,} judged of {found['n_users_in_test']:,} who bought later; "
        f"{found['n_cold_users']:,} new users",
        "out of reach": "" if unreachable is None else f"{unreachable:.1%} of their articles",
        "ceiling": "" if ceiling is None else f"recall@{result['k']} of {ceiling:.4f} at most",
    }
