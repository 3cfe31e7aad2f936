"""``cfdist config``."""

import json
from pathlib import Path
from typing import Any

import click

from cfdist.cli.options import as_json, load_config, with_config
from cfdist.cli.tables import console, table_of
from cfdist.config import flatten
from cfdist.redact import redact


@click.group()
def config() -> None:
    """Show settings and where they come from."""


@config.command()
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@with_config
@as_json
def show(
    origin: bool, config_file: Path, settings: tuple[str, ...], json_output: bool, **options: Any
) -> None:
    """Every setting with its value; secrets are hidden."""
    loaded, given = load_config(config_file, settings, options)
    values = flatten(redact(loaded.model_dump(mode="json")))
    origins = loaded.origins(config_file, given)
    if json_output:
        shown = {
            key: {"value": value, "origin": origins.get(key, "default")} if origin else value
            for key, value in values.items()
        }
        click.echo(json.dumps(shown))
        return
    columns = ("setting", "value", "from") if origin else ("setting", "value")
    rows = [
        (key, json.dumps(value), origins.get(key, "default"))[: len(columns)]
        for key, value in values.items()
    ]
    console().print(table_of("Settings", columns, rows))
