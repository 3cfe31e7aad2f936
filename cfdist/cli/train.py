"""``cfdist train``."""

import json
import shlex
from pathlib import Path
from typing import Any

import click

from cfdist.cli.options import as_json, load_config, with_config
from cfdist.config import Config


@click.command()
@click.argument("input", required=False)
@click.option("--sample-percent", "ingest__sample_percent", type=float, help="Of the users [100].")
@click.option("--force", is_flag=True, help="Publish what the gate refuses; it is recorded.")
@with_config
@as_json
def train(
    input: str | None,
    force: bool,
    config_file: Path,
    settings: tuple[str, ...],
    json_output: bool,
    **options: Any,
) -> None:
    """Run the whole job and publish the result.

    INPUT is a file, folder, glob or URL of parquet or csv; without it ingest.input of the
    settings is read.

    \b
    Examples
      cfdist train data/ml/user_item_interactions.parquet
      cfdist train 's3://shop/orders/*.parquet' --output /srv/recommendations
      cfdist train --workers 4 --set cluster.memory_limit=8GB
      cfdist train --cluster tcp://127.0.0.1:8786
    """
    config, _ = load_config(config_file, settings, options | {"ingest__input": input})
    run_train(config, json_output, force=force)


def run_train(config: Config, json_output: bool, *, force: bool = False) -> None:
    """Train with progress and print what came out."""
    from cfdist.builds import load_build
    from cfdist.cli.progress import show_progress
    from cfdist.cli.summary import summarize
    from cfdist.cli.tables import console
    from cfdist.pipeline import train as train_all
    from cfdist.runs.record import describe, last_like, read_run

    with show_progress(quiet=json_output) as progress:
        build = train_all(config, progress=progress, force=force)
    runs = Path(config.runs.path)
    record = read_run(runs, build.manifest.run)
    if json_output:
        click.echo(json.dumps(describe(record) | {"path": str(build.path)}))
        return
    out = console()
    out.print(summarize(record, last_like(runs, record)))
    for note in record.notes:
        out.print(f"note: {note}", markup=False)
    is_live = load_build(config.publish.root).id == build.id
    done = "Published" if is_live else "Kept, and not live (see the note above):"
    out.print(f"\n{done} {build.id} to {build.path}", markup=False, soft_wrap=True)
    look = f"cfdist recommend {_some_user(build)}{_root_option(config)}"
    out.print(f"Look at it:  {look}", markup=False, soft_wrap=True)


def _some_user(build: Any) -> str:
    from cfdist.schema import USER_ID

    user = str(build.dataset("users").head(1)[USER_ID][0].as_py())
    return f"-- {shlex.quote(user)}" if user.startswith("-") else shlex.quote(user)


def _root_option(config: Config) -> str:
    default = Config.model_fields["publish"].get_default(call_default_factory=True).root
    return "" if config.publish.root == default else f" --output {shlex.quote(config.publish.root)}"
