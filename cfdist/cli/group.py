"""``cfdist`` and ``dask cf``: commands loaded when they are used, errors as exit codes."""

import difflib
import gc
import json
import signal
import sys
from importlib import import_module
from importlib.metadata import version
from types import FrameType
from typing import Any

import click

from cfdist.errors import EXIT_CANCELLED, CfdistError
from cfdist.redact import redact_text

COMMANDS = {
    "init": "cfdist.cli.init:init",
    "experiment": "cfdist.cli.experiment:experiment",
    "evaluate": "cfdist.cli.evaluate:evaluate",
    "sweep": "cfdist.cli.sweep:sweep",
    "plan": "cfdist.cli.plan:plan",
    "train": "cfdist.cli.train:train",
    "verify": "cfdist.cli.verify:verify",
    "recommend": "cfdist.cli.look_up:recommend",
    "similar": "cfdist.cli.look_up:similar",
    "runs": "cfdist.cli.runs:runs",
    "builds": "cfdist.cli.builds:builds",
    "config": "cfdist.cli.config:config",
    "data": "cfdist.cli.data:data",
    "demo": "cfdist.cli.demo:demo",
    "doctor": "cfdist.cli.doctor:doctor",
}
SUMMARIES = {
    "init": "Look at a table, print a profile, write cfdist.toml.",
    "experiment": "Try settings on a sample in seconds; nothing is published.",
    "evaluate": "Measure lists on held-out purchases, choose a method.",
    "sweep": "Search for better settings within given ranges.",
    "plan": "Say what a training will take: memory, time, disk.",
    "train": "Run the whole job and publish the result.",
    "verify": "Compute a published build once more, and compare.",
    "recommend": "Show the lists of users.",
    "similar": "Show what is bought together with articles.",
    "runs": "List and show what was run.",
    "builds": "List, compare, roll back and delete published builds.",
    "config": "Show settings and where they come from.",
    "data": "Get the demo data, or make synthetic data.",
    "demo": "Demo data, training and a look at the result, in one go.",
    "doctor": "Check this installation.",
}
EPILOG = """
\b
Exit codes
  0    done, published
  1    a fault in cfdist itself; please report it
  2    wrong usage
  20   the gate refused the build: it is kept, and what was live stays live; or a build and
       what `verify` computed do not agree
  30   the data cannot be used; nothing was published
  40   a setting is wrong, the job does not fit the memory, or a GPU cannot be used
  75   try later: no scheduler, or another publisher was first
  130  cancelled

\b
Examples
  cfdist init shop.parquet
  cfdist experiment --n-components 75
  cfdist evaluate --decide
  cfdist train --output data/recommendations
  cfdist recommend 1234
"""


class Commands(click.Group):
    """A group whose commands are imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Summaries without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Suggest the nearest command for one that does not exist."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], list(COMMANDS), n=1)
            if not close or "Did you mean" in error.message:
                raise
            hint = f"{error.message} Did you mean {close[0]!r}?"
            raise click.UsageError(hint, ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a typed error becomes a message and an exit code."""
        try:
            return super().invoke(ctx)
        except CfdistError as error:
            _tell(ctx, error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("cancelled: complete stages are kept; see `cfdist runs list`", err=True)
            ctx.exit(EXIT_CANCELLED)


@click.group(
    name="cf",  # the name under which `dask` lists it
    cls=Commands,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(version("cfdist"), prog_name="cfdist")
def cli() -> None:
    """Customers also bought, often bought together: distributed, exact, repeatable."""


GARBAGE = (50_000, 5, 10)
"""When Python looks for garbage. Its own 700 new objects cost a quarter of the start: importing
makes a million objects, and none of them is garbage."""


def main() -> None:
    """Entry point of the ``cfdist`` command. Ctrl-C and SIGTERM cancel, both with exit code 130."""
    gc.set_threshold(*GARBAGE)
    signal.signal(signal.SIGINT, _cancel)
    signal.signal(signal.SIGTERM, _cancel)
    cli(prog_name="cfdist")


def _cancel(number: int, frame: FrameType | None) -> None:
    """Cancel the run, also where the exception is swallowed."""
    if context := sys.modules.get("cfdist.stages.context"):  # else nothing runs yet
        context.CANCELLED.set()
    signal.default_int_handler(number, frame)


def _tell(ctx: click.Context, error: CfdistError) -> None:
    message, remedy = redact_text(error.message), redact_text(error.remedy)
    if ctx.meta.get("cfdist.json"):
        told = {
            "error": type(error).__name__,
            "message": message,
            "remedy": remedy,
            "exit_code": error.exit_code,
        }
        click.echo(json.dumps(told))
        return
    colour = sys.stderr.isatty()
    click.echo(click.style("error: ", fg="red", bold=True) + message, err=True, color=colour)
    if remedy:
        click.echo(click.style("  → ", fg="green") + remedy, err=True, color=colour)
