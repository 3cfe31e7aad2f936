"""The settings file to start from: what was found is live, defaults are comments."""

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from cfdist.config import Config
from cfdist.errors import ConfigError

if TYPE_CHECKING:
    from cfdist.input.examine import Report

COMMENT_COLUMN: Final = 36
WIDTH: Final = 100

HEADER: Final = """\
# Settings of cfdist, written by `cfdist init`.
# What is commented out is the default: remove the # to change it. `cfdist config show` lists
# every setting. The command line wins over the environment (CFDIST_FACTORIZE__N_COMPONENTS=75),
# which wins over this file.
"""
SECTIONS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "ingest": (
        "which table, and how it is read",
        {
            "input": "parquet or csv: file, folder, glob, URL",
            "format": '"parquet" or "csv" where the suffix does not tell',
            "timestamp_format": 'how dates are written that are text: "iso" or strptime',
            "timestamp_unit": "of dates that are integers: s, ms, us or ns since 1970",
            "articles": "names; found by itself beside the input",
            "returns": 'negative quantities: "drop" or "net"',
            "max_dropped_share": "a run stops when more of the rows cannot be used",
            "max_basket_articles": "baskets with more articles are skipped",
        },
    ),
    "ingest.columns": ("which column holds what", {}),
    "matrix": (
        "how interactions become weights",
        {
            "aggregate": '"count" of purchases; "sum", "max" or "last" of quantities',
            "weighting": '"log1p" damps large counts, "none" does not; "tfidf", "bm25"',
        },
    ),
    "factorize": (
        "the SVD that finds tastes",
        {
            "n_components": "more see finer tastes and take longer: try 25, 50, 100",
            "svd_iterations": "at most; it stops earlier by itself",
            "seed": "the same seed gives the same result",
        },
    ),
    "neighbors": (
        "similar users, similar articles",
        {
            "n_similar_users": "whose purchases are offered to a user",
            "n_similar_items": "articles that are kept as similar to each",
        },
    ),
    "recommend": (
        "the lists",
        {
            "method": '"auto": as `evaluate --decide` chose; or "latent" and others',
            "n_recommendations": "articles per user",
            "min_pair_count": "baskets that two articles share to be bought together",
        },
    ),
    "publish": ("where results go", {"root": "every build is kept here, one of them is live"}),
    "experiment": (
        "the quick try of `cfdist experiment`",
        {
            "sample_percent": "of the users",
            "sample_by": '"users" keeps whole histories; or "interactions"',
        },
    ),
    "runs": ("records and checkpoints", {"path": "what `cfdist runs` shows"}),
    "cluster": (
        "where it computes",
        {
            "address": '"local", or tcp://host:port of a Dask scheduler',
            "workers": "0: inside this process; N: that many processes",
            "memory_limit": "per worker, such as 4GB",
        },
    ),
}
EXAMPLES: Final = {
    "timestamp_format": "iso",
    "timestamp_unit": "s",
    "articles": "data/ml/articles.parquet",
}
"""What the file shows of settings that have no value by default."""


def write_settings(report: "Report", output: Path, *, force: bool) -> None:
    """Write the settings file; one that exists is replaced only with ``force``."""
    text = settings_text(report)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("w" if force else "x", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as error:
        if isinstance(error, FileExistsError) and output.exists():
            raise file_exists(output) from None
        raise ConfigError(f"{output} cannot be written: {error}", remedy="see --output") from None


def file_exists(output: Path) -> ConfigError:
    """The error that keeps a settings file from being overwritten."""
    return ConfigError(
        f"{output} exists and is not overwritten",
        remedy="use --force to replace it, or --output for another file",
    )


def settings_text(report: "Report") -> str:
    """The settings file: what was found is live, defaults are comments."""
    lines = [HEADER]
    for section, (headline, comments) in SECTIONS.items():
        lines.append(f"[{section}]".ljust(COMMENT_COLUMN) + f"# {headline}")
        lines += _advice_lines(report, section)
        if section == "ingest.columns":
            lines += _column_lines(report)
        for key, comment in comments.items():
            lines += _advice_lines(report, f"{section}.{key}")
            lines.append(_setting_line(report, section, key, comment))
        lines.append("")
    return "\n".join(lines)


def _advice_lines(report: "Report", setting: str) -> Iterator[str]:
    texts = [advice.text for advice in report.advice if advice.setting == setting]
    if setting == "ingest.columns":
        texts += report.guesses.notes
    for text in texts:
        yield from wrap(text, WIDTH, initial_indent="# → ", subsequent_indent="#   ")


def _setting_line(report: "Report", section: str, key: str, comment: str) -> str:
    default = getattr(getattr(Config.model_construct(), section), key)
    value = getattr(report.settings, key) if section == "ingest" else default
    if value != default or key == "input":
        if key == "timestamp_format" and len(report.formats) > 1:
            others = " or ".join(map(_toml, report.formats[1:]))
            comment = f"{others} fits as well: look whether the dates are right"
        return _line(f"{key} = {_toml(value)}", comment)
    return _line(f"# {key} = {_toml(EXAMPLES[key] if default is None else default)}", comment)


def _column_lines(report: "Report") -> Iterator[str]:
    for role, guess in report.guesses.roles.items():
        reason = guess.reason
        if guess.alternatives:
            reason += f"; or {', '.join(map(_toml, guess.alternatives))}"
        # the empty name is live: a column called like the role is else found by itself
        yield _line(f"{role} = {_toml(guess.column or '')}", reason)


def _line(setting: str, comment: str) -> str:
    return f"{setting.ljust(COMMENT_COLUMN - 1)} # {comment}"


def _toml(value: object) -> str:
    """A TOML value: JSON's are, but for DEL, which JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
