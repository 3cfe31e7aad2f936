"""``cfdist experiment``."""

import json
from pathlib import Path
from typing import Any

import click

from cfdist.cli.options import as_json, load_config, with_config


@click.command()
@click.argument("input", required=False)
@click.option(
    "--sample-percent", "experiment__sample_percent", type=float, help="Of the users [10]."
)
@click.option(
    "--sample-by",
    "experiment__sample_by",
    type=click.Choice(["users", "interactions"]),
    help="What is sampled [users].",
)
@click.option("--publish", "publish_it", is_flag=True, help="Publish the result of the sample.")
@click.option("--dashboard/--no-dashboard", "dashboard", default=False, help="Dask dashboard.")
@with_config
@as_json
def experiment(
    input: str | None,
    publish_it: bool,
    dashboard: bool,
    config_file: Path,
    settings: tuple[str, ...],
    json_output: bool,
    **options: Any,
) -> None:
    """Try settings on a sample in seconds; nothing is published unless asked.

    A sample by users keeps whole histories, and 20,000 users at least. Where there are dates the
    newest purchases are held out, and the lists measured on them. The result is compared with
    the last experiment; every run is kept, see `cfdist runs list`.

    \b
    Examples
      cfdist experiment
      cfdist experiment --n-components 75
      cfdist experiment shop.csv --sample-percent 5 --set ingest.columns.user_id=customer
    """
    chosen = options | {
        "ingest__input": input,
        "experiment__publish": publish_it or None,
        "cluster__dashboard": dashboard,
    }
    config, _ = load_config(config_file, settings, chosen)
    from cfdist.cli.evaluation import print_evaluation
    from cfdist.cli.progress import show_progress
    from cfdist.cli.summary import summarize
    from cfdist.cli.tables import console
    from cfdist.input.check import NOT_SAMPLED
    from cfdist.pipeline import experiment as try_sample
    from cfdist.runs.evaluations import read_evaluation
    from cfdist.runs.record import describe, last_like

    with show_progress(quiet=json_output) as progress:
        record = try_sample(config, progress=progress)
    if json_output:
        click.echo(json.dumps(describe(record)))
        return
    out = console()
    runs = Path(config.runs.path)
    out.print(summarize(record, last_like(runs, record)))
    if found := read_evaluation(runs, record.run):
        print_evaluation(found, runs)
    share = 1 - record.rows["dropped"].get(NOT_SAMPLED, 0) / record.rows["rows_in"]
    out.print(f"\n{share:.0%} of the rows in {record.total_seconds:.1f} s; kept as {record.run}")
    out.print("Next:  change one setting and run it again, or `cfdist train` for everything")
