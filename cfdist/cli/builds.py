"""``cfdist builds``."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from cfdist.cli.options import as_json
from cfdist.cli.tables import console, table_of
from cfdist.config import Config

COLUMNS = ("live", "build", "published", "method", "users", "articles", "rows")


@click.group()
def builds() -> None:
    """List published builds."""


@builds.command("list")
@click.option("--output", "root", help="Root of the builds [as in the settings].")
@as_json
def list_all(root: str | None, json_output: bool) -> None:
    """Every commit of a root, newest first; the first is live."""
    from cfdist.builds import load_build
    from cfdist.builds.log import read_entries
    from cfdist.errors import BuildError

    folder = Path(root or Config.load().publish.root)
    rows = []
    for place, entry in enumerate(reversed(read_entries(folder))):
        committed = datetime.fromtimestamp(entry.committed_at, UTC).isoformat(timespec="seconds")
        row = {"live": place == 0, "build": entry.build, "published": committed}
        try:
            manifest = load_build(folder, entry.build).manifest
        except BuildError as error:
            rows.append(row | {"error": error.message})
            continue
        rows.append(
            row
            | {
                "method": manifest.settings["recommend"]["method"],
                "users": manifest.counts["n_users"],
                "articles": manifest.counts["n_articles"],
                "rows": manifest.rows["rows_used"],
            }
        )
    if json_output:
        click.echo(json.dumps(rows))
    elif rows:
        cells = [tuple(row.get(column) for column in COLUMNS) for row in rows]
        console().print(table_of(f"Builds in {folder}", COLUMNS, cells))
    else:
        click.echo(f"nothing is published in {folder}; run `cfdist train` first")
