"""``cfdist runs``."""

import json
from pathlib import Path
from typing import Any

import click

from cfdist.cli.options import as_json
from cfdist.cli.tables import console, facts, table_of
from cfdist.config import Config, flatten

COLUMNS = ("run", "command", "status", "seconds", "variance", "components", "method", "users")


def _folder() -> Path:
    return Path(Config.load().runs.path)


@click.group()
def runs() -> None:
    """List and show what was run."""


@runs.command("list")
@as_json
def list_all(json_output: bool) -> None:
    """All runs, oldest first."""
    from cfdist.pipeline import describe
    from cfdist.runs.record import list_runs

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
    """One run: numbers, rows, seconds, settings. RUN is its id or the start of it."""
    from cfdist.cli.summary import summarize
    from cfdist.pipeline import describe
    from cfdist.runs.record import read_run

    record = read_run(_folder(), run)
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


def _row(record: Any) -> tuple[Any, ...]:
    metrics = record.metrics
    energy = metrics.get("energy")
    return (
        record.run, record.command, record.status, record.total_seconds,
        f"{energy:.2%}" if energy is not None else "", metrics.get("n_components"),
        record.settings.get("recommend", {}).get("method"), metrics.get("n_users"),
    )  # fmt: skip
