"""``cfdist runs``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from cfdist.cli.options import as_json
from cfdist.cli.tables import console, facts, table_of
from cfdist.config import Config, flatten

COLUMNS = (
    "run", "command", "status", "seconds", "variance", "quality", "components", "method", "users",
)  # fmt: skip


def _folder() -> Path:
    return Path(Config.load().runs.path)


@click.group()
def runs() -> None:
    """List, show and compare what was run."""


@runs.command("list")
@as_json
def list_all(json_output: bool) -> None:
    """All runs, oldest first."""
    from cfdist.runs.record import describe, list_runs

    records = list_runs(_folder())
    if json_output:
        click.echo(json.dumps([describe(record) for record in records]))
    elif records:
        console().print(table_of("Runs", COLUMNS, [_row(record) for record in records]))
    else:
        click.echo(f"no runs in {_folder()} yet; try `cfdist experiment`")


@runs.command("show")
@click.argument("run")
@as_json
def show(run: str, json_output: bool) -> None:
    """One run: numbers, rows, seconds, settings.

    RUN is its id, the start of it, `last` or `previous`.
    """
    from cfdist.cli.summary import summarize
    from cfdist.runs.compare import find_run
    from cfdist.runs.record import describe

    record = find_run(_folder(), run)
    if json_output:
        click.echo(json.dumps(describe(record)))
        return
    out = console()
    head = {"run": record.run, "command": record.command, "status": record.status}
    out.print(facts("Run", head | {"started": record.started_at, "build": record.build}))
    if record.error:
        out.print(record.error, style="red", markup=False)
    if record.metrics:
        out.print(summarize(record))
    for note in record.notes:
        out.print(f"note: {note}", style="dim", markup=False)
    out.print(facts("Settings", flatten(record.settings)))


@runs.command("compare")
@click.argument("a")
@click.argument("b")
@as_json
def compare(a: str, b: str, json_output: bool) -> None:
    """Two runs side by side: settings that differ, metrics, seconds.

    A and B are ids, the start of one, `last` or `previous`. A difference is B less A; it is over
    the same users where both runs measured the same held-out purchases.

    \b
    Examples
      cfdist runs compare previous last
    """
    from cfdist.runs.compare import compare_runs, find_run

    folder = _folder()
    found = compare_runs(folder, find_run(folder, a), find_run(folder, b))
    if json_output:
        click.echo(json.dumps(found))
        return
    out = console()
    for part in _comparison(found):
        out.print(part)


def _comparison(found: dict[str, Any]) -> Iterator[Table | Text]:
    """Tables of a comparison; what is the same in both is left out."""
    heads = [f"{x['run']} ({x['command']}, {x['status']})" for x in (found["a"], found["b"])]
    yield facts("Runs", {"A": heads[0], "B": heads[1]})
    if found["settings"]:
        yield table_of("Settings that differ", ("setting", "A", "B"), _both(found["settings"]))
    else:
        yield Text("The settings are the same.")
    changed = [row for row in found["metrics"] if row["a"] != row["b"]]
    if changed:
        yield table_of("Metrics that differ", ("metric", "A", "B"), _both(changed))
    if evaluation := found["evaluation"]:
        yield from _candidates(evaluation)
    yield table_of("Seconds", ("stage", "A", "B"), _both(found["seconds"]))


def _candidates(evaluation: dict[str, Any]) -> Iterator[Table | Text]:
    """The primary metric of every candidate, and whether differences are paired."""
    from cfdist.cli.evaluation import difference_text, estimate_text

    if evaluation["candidates"]:
        columns = ("candidate", "A", "B", "B less A")
        rows = [
            (
                row["name"], *(estimate_text(row[side]) if row[side] else "" for side in "ab"),
                difference_text(row["difference"]),
            )
            for row in evaluation["candidates"]
        ]  # fmt: skip
        yield table_of(evaluation["metric"], columns, rows)
    yield Text(f"note: {evaluation['reason']}", style="dim")


def _both(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["name"], row["a"], row["b"]) for row in rows]


def _row(record: Any) -> tuple[Any, ...]:
    metrics = record.metrics
    energy = metrics.get("energy")
    return (
        record.run, record.command, record.status, record.total_seconds,
        f"{energy:.2%}" if energy is not None else "", _quality(metrics),
        metrics.get("n_components"),
        record.settings.get("recommend", {}).get("method"), metrics.get("n_users"),
    )  # fmt: skip


def _quality(metrics: dict[str, Any]) -> str:
    """The primary metric of the best candidate, or what the gate measured."""
    if held := metrics.get("hold_out"):
        return f"{held['metric']} {held['mean']:.4f}"
    means = {
        name: found["mean"]
        for name, found in metrics.get("candidates", {}).items()
        if found["mean"] is not None
    }
    if not means:
        return ""
    best = max(means, key=lambda name: means[name])
    return f"{metrics['metric']} {means[best]:.4f} {best}"
