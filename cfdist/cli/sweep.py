"""``cfdist sweep``."""

import json
import shlex
from pathlib import Path
from typing import Any

import click

from cfdist.cli.options import as_json, load_config, with_config
from cfdist.config import DEFAULT_FILE, Config, flatten
from cfdist.errors import EXIT_CANCELLED
from cfdist.redact import redact

SHOWN = 10
SMALLEST_SHARE = 0.01


@click.command()
@click.argument("space", required=False, type=click.Path(path_type=Path))
@click.argument("input", required=False)
@click.option("--trials", "n_trials", type=click.IntRange(min=1), default=30, help="In all [30].")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(min=0), help="Start no trial after S seconds."
)
@click.option("--resume", metavar="RUN", help="Go on with a sweep: its id, or the start of it.")
@click.option(
    "--split",
    "evaluation__split",
    type=click.Choice(["date", "rolling", "last_k", "random", "files"]),
    help="What is held out [date].",
)
@click.option("--metric", "evaluation__metric", help="What trials are judged by [recall@10].")
@with_config
@as_json
def sweep(
    space: Path | None,
    input: str | None,
    n_trials: int,
    timeout_s: float | None,
    resume: str | None,
    config_file: Path,
    settings: tuple[str, ...],
    json_output: bool,
    **options: Any,
) -> None:
    """Search for better settings within the ranges of SPACE, a TOML file.

    The settings as they are come first; every trial is measured on held-out purchases. Ctrl-C
    keeps what was measured, and --resume goes on; SPACE may be left out then. Needs
    `pip install 'cfdist[sweep]'`; docs/sweep-space.toml is an example of SPACE.

    \b
    Examples
      cfdist sweep docs/sweep-space.toml
      cfdist sweep space.toml --trials 100 --timeout 3600 --split rolling
      cfdist sweep --resume 20260101T120000000Z-0a1b2c3d --trials 200
    """
    if space is None and resume is None:
        raise click.UsageError("Missing argument 'SPACE', the TOML file of settings to vary.")
    config, given = load_config(config_file, settings, options | {"ingest__input": input})
    from cfdist.cli.progress import show_progress
    from cfdist.pipeline import sweep as try_settings
    from cfdist.runs.record import read_run
    from cfdist.runs.space import read_space
    from cfdist.runs.sweep import STOPPED
    from cfdist.runs.sweep_folder import stored_space

    runs = Path(config.runs.path)
    run = read_run(runs, resume).run if resume else None
    varied = read_space(space or stored_space(runs, str(run)))
    with show_progress(quiet=json_output) as progress:
        result = try_settings(
            config, progress=progress, space=varied, n_trials=n_trials,
            timeout_s=timeout_s, resume=run,
        )  # fmt: skip
    if json_output:
        click.echo(json.dumps(result))
    else:
        _show(result, config)
    if len(result["trials"]) < n_trials:
        command = _resume_command(space, config_file, given, n_trials, result["run"])
        click.echo(f"go on with:  {command}", err=True)
    if result["status"] == STOPPED:
        click.get_current_context().exit(EXIT_CANCELLED)


def _show(result: dict[str, Any], config: Config) -> None:
    """The best trials, the best against the defaults, and how to use it."""
    from cfdist.cli.tables import console, facts
    from cfdist.runs.evaluations import REPORT

    out = console()
    out.print(_table(result))
    for note in result["notes"]:
        out.print(f"note: {note}", style="dim", markup=False)
    if best := result["best"]:
        out.print(facts("Best", _verdict(result, best)))
    for line in _use(best):
        out.print(line, markup=False, soft_wrap=True)
    report = Path(config.runs.path) / result["run"] / REPORT
    out.print(f"\nReport:  {shlex.quote(str(report))}", markup=False, soft_wrap=True)


def _use(best: dict[str, Any] | None) -> list[str]:
    """What to do with the best."""
    if best is None:
        return ["\nNo trial could be measured: see the errors above."]
    if best["number"] == 0:
        return ["\nNothing measured better than the settings as they are."]
    options = " ".join(best["options"])
    return [f"\nUse it:  cfdist train {options}", f"\nor in cfdist.toml:\n{best['toml']}"]


def _table(result: dict[str, Any]) -> Any:
    """Ten trials, the best first; failed ones last, with their errors."""
    from cfdist.cli.evaluation import estimate_text, primary
    from cfdist.cli.tables import table_of

    trials = sorted(result["trials"], key=lambda trial: -_mean(trial))
    same = _same_in_all(trials)
    columns = ("trial", primary(result), "time", "settings")
    rows = [
        (
            _name(trial),
            estimate_text(trial["value"]) if trial["value"] else f"failed: {trial['error']}",
            f"{trial['seconds']:.1f} s",
            _settings(trial, same),
        )
        for trial in trials[:SHOWN]
    ]  # fmt: skip
    title = f"Best {len(rows)} of {len(trials)} trials"
    return table_of(title, columns, rows)


def _same_in_all(trials: list[dict[str, Any]]) -> set[str]:
    """Settings that say nothing, because all trials share them."""
    first = trials[0]["settings"] if len(trials) > 1 else {}
    return {k for k, v in first.items() if all(t["settings"].get(k, ...) == v for t in trials)}


def _settings(trial: dict[str, Any], same: set[str]) -> str:
    shown = {key: value for key, value in trial["settings"].items() if key not in same}
    return ", ".join(
        f"{key.removeprefix('recommend.')} {'as published' if value is None else value}"
        for key, value in shown.items()
    )


def _mean(trial: dict[str, Any]) -> float:
    return float(trial["value"]["mean"]) if trial["value"] else float("-inf")


def _name(trial: dict[str, Any]) -> str:
    return f"{trial['number']} (defaults)" if trial["number"] == 0 else str(trial["number"])


def _verdict(result: dict[str, Any], best: dict[str, Any]) -> dict[str, str]:
    """The best trial in words, beside the defaults."""
    from cfdist.cli.evaluation import estimate_text, primary

    found = {"trial": f"{_name(best)}, {primary(result)} {estimate_text(best['value'])}"}
    if best["against_defaults"]:
        found["against the defaults"] = _judged(best["against_defaults"])
    if report := best["report"]:
        found["in the window that chose nothing"] = (
            f"{report['value']['mean']:.4f} against {report['defaults']['mean']:.4f}, "
            + _judged(report["against_defaults"])
        )
    shares = sorted(result["importance"].items(), key=lambda pair: -pair[1])[:3]
    if shares := [(key, share) for key, share in shares if share >= SMALLEST_SHARE]:
        found["what mattered"] = ", ".join(f"{key} {share:.0%}" for key, share in shares)
    return found


def _judged(found: dict[str, Any]) -> str:
    """A paired difference, and on which side of zero its interval lies."""
    from cfdist.cli.evaluation import difference_text

    if found["low"] is None:
        return "too few users to tell"
    word = "better" if found["low"] > 0 else "worse" if found["high"] < 0 else "not separable"
    return f"{difference_text(found)}: {word}"


def _resume_command(
    space: Path | None, file: Path, given: dict[str, Any], n_trials: int, run: str
) -> str:
    """What to type to go on."""
    words = ["cfdist", "sweep", *([str(space)] if space else [])]
    if file != DEFAULT_FILE:
        words += ["--config", str(file)]
    for key, value in flatten(redact(given)).items():
        words += ["--set", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    return shlex.join([*words, "--trials", str(n_trials), "--resume", run])
