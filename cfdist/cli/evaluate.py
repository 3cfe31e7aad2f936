"""``cfdist evaluate``."""

import json
from pathlib import Path
from typing import Any

import click

from cfdist.cli.options import as_json, load_config, with_config


@click.command()
@click.argument("input", required=False)
@click.option("--decide", is_flag=True, help="Choose a method, and keep the choice for `train`.")
@click.option("--all", "all_methods", is_flag=True, help="Compare one or two settings of each.")
@click.option(
    "--candidates",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file with a table of settings per candidate.",
)
@click.option("--sample", is_flag=True, help="Measure samples of 1, 5, 10, 20 % as well.")
@click.option("--build", "build_id", help="Take the settings of a published build.")
@click.option(
    "--split",
    "evaluation__split",
    type=click.Choice(["date", "rolling", "last_k", "random", "files"]),
    help="What is held out [date; rolling with --decide].",
)
@click.option("--metric", "evaluation__metric", help="What candidates are judged by [recall@10].")
@click.option("--with-ids", is_flag=True, help="Show user ids in the report.")
@with_config
@as_json
def evaluate(
    input: str | None,
    decide: bool,
    all_methods: bool,
    candidates: Path | None,
    sample: bool,
    build_id: str | None,
    with_ids: bool,
    config_file: Path,
    settings: tuple[str, ...],
    json_output: bool,
    **options: Any,
) -> None:
    """Measure what lists are worth on purchases that were held out.

    The rows are split first; everything is fitted on what comes before. `popular` is the
    baseline. With --decide every method is compared on windows before the last one, the simplest
    that cannot be told from the best is kept, and `cfdist train` uses it for a week.

    \b
    Examples
      cfdist evaluate
      cfdist evaluate --decide
      cfdist evaluate --method latent --n-components 100 --metric ndcg@20
      cfdist evaluate orders.parquet --split random --all
      cfdist evaluate --sample
    """
    chosen = options | {"ingest__input": input}
    if decide and not chosen["evaluation__split"]:
        chosen["evaluation__split"] = "rolling"
    config, given = load_config(config_file, settings, chosen)
    from cfdist.cli.evaluation import print_evaluation
    from cfdist.cli.progress import show_progress
    from cfdist.evaluation.candidates import default_candidates
    from cfdist.pipeline import evaluate as measure

    if build_id is not None:
        config = _settings_of(config, build_id, given)
    compared = None
    if candidates is not None:
        compared = _read_candidates(candidates, config)
    elif decide or all_methods:
        compared = default_candidates(config)
    with show_progress(quiet=json_output) as progress:
        result = measure(
            config, progress=progress, candidates=compared, decide=decide, sample=sample,
            with_ids=with_ids,
        )  # fmt: skip
    if json_output:
        click.echo(json.dumps(result))
        return
    print_evaluation(result, Path(config.runs.path))


def _read_candidates(path: Path, config: Any) -> Any:
    import tomllib

    from cfdist.errors import ConfigError
    from cfdist.evaluation.candidates import parse_candidates

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}", remedy="mend the TOML syntax") from None
    if not table:
        raise ConfigError(
            f"{path}: there is no candidate", remedy="write a table per candidate, such as [latent]"
        )
    try:
        return parse_candidates(table, config)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}", remedy=error.remedy) from None


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    """What was set: a column that was found by its name is found again."""
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if value is not None
    }


def _settings_of(config: Any, build_id: str, given: dict[str, Any]) -> Any:
    """The settings under which a build was made; the command line and other sections win."""
    from cfdist.builds import load_build
    from cfdist.config import Config, merge

    build = load_build(config.publish.root, None if build_id == "live" else build_id)
    made = build.manifest.settings
    fitted = ("ingest", "matrix", "factorize", "neighbors", "recommend")
    taken = _without_none({section: made[section] for section in fitted if section in made})
    taken.get("ingest", {}).pop("storage_options", None)
    rest = {name: values for name, values in config.model_dump().items() if name not in fitted}
    return Config.load(None, merge(merge(rest, taken), given))
