"""``cfdist verify``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cfdist.cli.options import as_json, load_config, with_options
from cfdist.errors import EXIT_REFUSED

if TYPE_CHECKING:
    from cfdist.evaluation.verification import Check, Verification


@click.command()
@click.argument("build", required=False)
@click.option(
    "--users", "n_users", type=click.IntRange(min=1), default=2000, show_default=True,
    help="Users whose lists are compared.",
)  # fmt: skip
@with_options("--output", "--cluster", "--backend", "--gpus", "--workers", "--memory-limit")
@as_json
def verify(
    build: str | None,
    n_users: int,
    config_file: Path,
    settings: tuple[str, ...],
    json_output: bool,
    **options: Any,
) -> None:
    """Compute a published build once more, and compare.

    BUILD is a name from `cfdist builds list`; the live build without one. Its own matrix is
    factorized, searched and scored again by the CPU, and by a GPU with --backend gpu, under the
    build's own settings; singular values, article factors and lists are compared by the rule that
    backends must agree by, all files by their checksums. That takes about as long as these stages
    of the training. The exit code is 20 where they do not agree.

    \b
    Examples
      cfdist verify
      cfdist verify 20260102T030405678Z-0a1b2c3d --users 10000
      cfdist verify --backend gpu
    """
    config, _ = load_config(config_file, settings, options | {"cluster__dashboard": False})
    from cfdist.cli.progress import show_progress
    from cfdist.pipeline import verify as compute_again

    with show_progress(quiet=json_output) as progress:
        found = compute_again(config, build=build, n_users=n_users, progress=progress)
    if json_output:
        click.echo(json.dumps(found.document()))
    else:
        _print(found)
    if not found.agrees:
        click.get_current_context().exit(EXIT_REFUSED)


def _print(found: "Verification") -> None:
    from cfdist.cli.tables import console, table_of

    title = (
        f"{found.build}: published by {found.published_by}, computed again by {found.computed_by}"
    )
    columns = ("compared", "found", "limit", "values", "", "")
    out = console()
    out.print(table_of(title, columns, [_row(check) for check in found.checks]))
    verdict = "agree" if found.agrees else "do NOT agree"
    out.print(f"{found.n_users:,} users compared: both {verdict}")


def _row(check: "Check") -> tuple[str, ...]:
    text = "{:.4%}" if check.is_share else "{:.1e}"
    sign = "≥" if check.is_share else "≤"
    return (
        check.what,
        text.format(check.found),
        f"{sign} {text.format(check.limit)}",
        f"{check.compared:,}",
        "ok" if check.agrees else "!",
        check.note,
    )
