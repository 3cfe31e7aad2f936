"""``cfdist init``."""

import json
from collections.abc import Callable
from pathlib import Path

import click

from cfdist.cli.options import Command, as_json
from cfdist.cli.report import as_values, show
from cfdist.cli.starter_file import file_exists, write_settings
from cfdist.config import DEFAULT_FILE
from cfdist.schema import ARTICLE_ID, BASKET_ID, QUANTITY, TIMESTAMP, USER_ID


def _column_option(role: str, flag: str, text: str) -> Callable[[Command], Command]:
    return click.option(flag, role, metavar="COLUMN", help=text)


@click.command()
@click.argument("file")
@_column_option(USER_ID, "--user", "Column of the user, where the guess is wrong.")
@_column_option(ARTICLE_ID, "--article", "Column of the article.")
@_column_option(BASKET_ID, "--basket", "Column of the basket; '' for none: user and day.")
@_column_option(QUANTITY, "--quantity", "Column of the quantity; '' for none.")
@_column_option(TIMESTAMP, "--timestamp", "Column of the date; '' for none.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_FILE,
    help="Settings file to write [cfdist.toml].",
)
@click.option("--force", is_flag=True, help="Replace the settings file if it exists.")
@as_json
def init(file: str, output: Path, force: bool, json_output: bool, **columns: str | None) -> None:
    """Look at a table, print a profile, write cfdist.toml.

    FILE is a parquet or csv file, a folder, a glob or a URL. Its columns are guessed by their
    names, then by what they hold; the reasons are shown, and every guess can be overruled.

    \b
    Examples
      cfdist init shop.parquet
      cfdist init sales.csv --user customer --basket ''
      cfdist init 's3://shop/lines/*.parquet' --output shop.toml
    """
    if output.exists() and not force:
        raise file_exists(output)
    from cfdist.input.examine import examine

    given = {role: name for role, name in columns.items() if name is not None}
    report = examine(file, given)
    write_settings(report, output, force=force)
    if json_output:
        click.echo(json.dumps(as_values(report, output)))
        return
    show(report, output)
