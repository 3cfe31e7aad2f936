"""Options that several commands share, and how they become a Config."""

import inspect
import json
import tomllib
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click

from cfdist.config import DEFAULT_FILE, Config, merge, nested

Command = TypeVar("Command", bound=Callable[..., Any])

SETTINGS: dict[str, tuple[str, Any, str]] = {
    "--n-components": ("factorize.n_components", int, "Components of the SVD [50]."),
    "--svd-iterations": ("factorize.svd_iterations", int, "Passes of the SVD at most [12]."),
    "--n-similar-users": ("neighbors.n_similar_users", int, "Neighbours per user [20]."),
    "--n-similar-items": ("neighbors.n_similar_items", int, "Partners per article [20]."),
    "--n-recommendations": ("recommend.n_recommendations", int, "Entries per list [10]."),
    "--method": (
        "recommend.method",
        str,
        "auto, user_neighbors, item_neighbors, latent, spectral, blend or popular [auto].",
    ),
    "--output": ("publish.root", str, "Root of the builds [data/recommendations]."),
    "--backend": (
        "cluster.backend",
        str,
        "cpu, gpu, or auto: the gpu where all that it needs is there [cpu].",
    ),
    "--gpus": ("cluster.gpus", str, "Numbers or identities of GPUs, such as 0,1 [all]."),
    "--cluster": (
        "cluster.address",
        str,
        "local, cuda, or tcp://host:port of a scheduler [local].",
    ),
    "--workers": ("cluster.workers", int, "Worker processes; 0: inside this process [0]."),
    "--memory-limit": (
        "cluster.memory_limit",
        str,
        "Memory of each worker, such as 12GB; what is larger goes through disk [auto].",
    ),
}
"""Option → setting, type, help."""


def as_json(command: Command) -> Command:
    """Add ``--json``; errors are JSON then, too."""

    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
        ctx.meta["cfdist.json"] = value
        return value

    option = click.option(
        "--json", "json_output", is_flag=True, callback=remember, help="Print JSON for scripts."
    )
    return option(command)


def with_options(*flags: str) -> Callable[[Command], Command]:
    """Add those of ``SETTINGS``, ``--config`` and ``--set``; see :func:`with_config`."""

    def decorate(command: Command) -> Command:
        decorated: Any = command
        decorated = click.option(
            "--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE",
            help="Any other setting, such as ingest.returns=net; may be repeated.",
        )(decorated)  # fmt: skip
        for flag in reversed(flags):
            key, kind, text = SETTINGS[flag]
            decorated = click.option(flag, key.replace(".", "__"), type=kind, help=text)(decorated)
        file_option = click.option(
            "--config", "config_file", type=click.Path(path_type=Path), default=DEFAULT_FILE,
            help="Settings file [cfdist.toml].",
        )  # fmt: skip
        with_all: Command = file_option(decorated)
        return with_all

    return decorate


def with_config(command: Command) -> Command:
    """Add the options that change settings; the command is handed ``given`` and ``config_file``.

    A command that has a parameter of the name keeps its own option: `cfdist plan --gpus 4` counts
    GPUs of machines that need not be there.
    """
    own = inspect.signature(command).parameters
    return with_options(*(flag for flag in SETTINGS if flag[2:] not in own))(command)


def load_config(
    config_file: Path, settings: tuple[str, ...], options: dict[str, Any]
) -> tuple[Config, dict[str, Any]]:
    """The Config of a command line, and what the command line itself set."""
    chosen = [nested(key.replace("__", "."), v) for key, v in options.items() if v is not None]
    given: dict[str, Any] = reduce(merge, [*chosen, *map(_assignment, settings)], {})
    return Config.load(config_file, given), given


def _assignment(text: str) -> dict[str, Any]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise click.BadParameter(f"{text!r} is not SECTION.KEY=VALUE", param_hint="--set")
    return nested(key.strip(), _value(value.strip()))


def _value(text: str) -> Any:
    """A TOML or JSON value; anything else is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        try:
            return json.loads(text)
        except ValueError:
            return text
