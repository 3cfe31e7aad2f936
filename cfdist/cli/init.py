"""``cfdist init``."""

import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import click

from cfdist.cli.options import Command, as_json
from cfdist.config import DEFAULT_FILE, Config, IngestSettings
from cfdist.errors import ConfigError, DataError
from cfdist.schema import ARTICLE_ID, BASKET_ID, QUANTITY, TIMESTAMP, USER_ID

if TYPE_CHECKING:
    from rich.table import Table

    from cfdist.input.guess import Guesses
    from cfdist.input.profile import Profile, Spread

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
            "aggregate": '"count" of purchases, or "sum" of quantities',
            "weighting": '"log1p" damps large counts, "none" leaves them',
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
            "method": '"user_neighbors", "item_neighbors", "latent" or "popular"',
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


@dataclass(frozen=True)
class Advice:
    """One line for the user, and the setting (``section.key``) that it is about."""

    setting: str
    text: str


@dataclass(frozen=True)
class Report:
    """All that ``cfdist init`` found."""

    output: Path
    settings: IngestSettings
    guesses: "Guesses"
    formats: tuple[str, ...]
    profile: "Profile"
    advice: list[Advice]

    @property
    def next_command(self) -> str:
        """What to type next."""
        if self.output == DEFAULT_FILE:
            return "cfdist experiment"
        return f"cfdist experiment --config {shlex.quote(str(self.output))}"


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
        raise _exists(output)
    given = {role: name for role, name in columns.items() if name is not None}
    report = examine(file, output, given)
    write_settings(report, force=force)
    if json_output:
        click.echo(json.dumps(as_values(report)))
        return
    show(report)


def examine(file: str, output: Path, given: Mapping[str, str]) -> Report:
    """Columns, profile and advice for the table at ``file``."""
    from cfdist.input.guess import guess_columns
    from cfdist.input.profile import profile_input, read_sample, settle_formats

    config = Config.load(None, {"ingest": {"input": file}})
    sample = read_sample(config.ingest)
    try:
        guesses = guess_columns(sample.schema, sample.rows, given, is_csv=sample.is_csv)
    except DataError as error:
        if not sample.difference:
            raise
        message = f"{error.message}; {sample.difference}"
        raise DataError(message, remedy="name the file with the interactions, or a glob") from None
    found = {"columns": guesses.columns, "timestamp_unit": guesses.timestamp_unit}
    settings = config.ingest.model_copy(update=found)
    formats = guesses.timestamp_formats
    if len(formats) > 1:
        formats = settle_formats(settings, formats)
    settings = settings.model_copy(update={"timestamp_format": formats[0] if formats else None})
    profile = profile_input(settings)
    return Report(output, settings, guesses, formats, profile, advise(profile, config))


def advise(profile: "Profile", config: Config) -> list[Advice]:
    """What the figures suggest, held against the limits and the sample of ``config``."""
    found = [*_about_rows(profile, config), *_about_users(profile, config)]
    return [*found, *_about_baskets(profile, config)]


def _about_rows(p: "Profile", config: Config) -> Iterator[Advice]:
    limit, dropped = config.ingest.max_dropped_share, 1 - p.rows_used / p.rows_in
    if dropped > limit:
        yield Advice(
            "ingest.max_dropped_share",
            f"{dropped:.0%} of the rows cannot be used and a run stops above {limit:.0%}: if that "
            f"is how the table is, set max_dropped_share = {ceil(dropped * 20) / 20:.2f}",
        )
    if p.n_returns >= 0.01 * p.rows_in:
        yield Advice(
            "ingest.returns",
            f'{p.n_returns:,} rows ({p.n_returns / p.rows_in:.1%}) are returns: "drop" leaves '
            'the purchase as it was, "net" takes them off it',
        )
    if p.duplicate_share >= 0.005 and p.first_date:
        yield Advice(
            "matrix.aggregate",
            f"{p.duplicate_share:.1%} of the lines repeat another one, its date included: if the "
            "export doubled them, remove them, since every line counts",
        )
    if p.top_ten_share >= 0.3 and p.n_articles > 100:
        yield Advice(
            "recommend.method",
            f"ten articles make {p.top_ten_share:.0%} of the interactions: compare with "
            'method = "popular" to see what is gained',
        )


def _about_users(p: "Profile", config: Config) -> Iterator[Advice]:
    single = p.n_users_with_one_article / max(1, p.n_users)
    if p.n_null_users >= 0.001 * p.rows_in:
        kept = "they still count for often bought together"
        lost = "with a basket column they could still count for often bought together"
        yield Advice(
            "ingest.columns",
            f"{p.n_null_users / p.rows_in:.1%} of the rows have no user: "
            f"{kept if p.basket_kind == BASKET_ID else lost}",
        )
    if single >= 0.5:
        yield Advice(
            "neighbors.n_similar_users",
            "most users have one article: similar users will be coarse; often bought together "
            "works all the same",
        )
    if p.interactions_per_user.max >= max(1000, 0.05 * p.rows_used):
        yield Advice(
            "ingest.columns",
            f"one user has {p.interactions_per_user.max / p.rows_used:.0%} of the interactions: "
            "if it is a till or a guest account, take it out",
        )
    if p.n_articles <= config.factorize.n_components:
        yield Advice(
            "factorize.n_components",
            f"at most {p.n_articles:,} components are used, as many as there are articles",
        )
    yield from _about_samples(p, config)


def _about_samples(p: "Profile", config: Config) -> Iterator[Advice]:
    """How much of the users an experiment takes; silent where the profile saw a part of them."""
    percent, least = config.experiment.sample_percent, config.ingest.min_sample_users
    sampled = p.n_users * percent / 100
    if p.scope:
        return
    if p.n_users <= least:
        text = f"an experiment takes all of the {p.n_users:,} users: its minimum is {least:,}"
    elif sampled < least:
        text = f"{percent:g}% of {p.n_users:,} users are few: an experiment takes {least:,}"
    elif sampled > 10 * least:
        enough = max(0.01, round(500 * least / p.n_users, 2))
        text = f"{enough:g}% are {p.n_users * enough / 100:,.0f} users already: start with that"
    else:
        return
    yield Advice("experiment.sample_percent", text)


def _about_baskets(p: "Profile", config: Config) -> Iterator[Advice]:
    if p.basket_kind != BASKET_ID:
        yield Advice("ingest.columns", f"there is no basket column: {p.basket_kind} is one basket")
    if p.n_null_baskets >= 0.05 * p.rows_in:
        yield Advice(
            "ingest.columns",
            f"{p.n_null_baskets / p.rows_in:.0%} of the rows have no basket: what their user takes "
            "on a day is one",
        )
    if p.large_basket_share:
        yield Advice(
            "ingest.max_basket_articles",
            f"{p.large_basket_share:.1%} of the baskets hold more than "
            f"{config.ingest.max_basket_articles} articles, up to {p.articles_per_basket.max:,}: "
            "they are skipped, since so large a basket says little about pairs",
        )
    if p.articles_per_basket.median == 1:
        yield Advice(
            "recommend.min_pair_count",
            "half of the baskets or more hold one article: if lists are short, try "
            "min_pair_count = 2",
        )


def write_settings(report: Report, *, force: bool) -> None:
    """Write the settings file; one that exists is replaced only with ``force``."""
    text = settings_text(report)
    try:
        report.output.parent.mkdir(parents=True, exist_ok=True)
        with report.output.open("w" if force else "x", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as error:
        if isinstance(error, FileExistsError) and report.output.exists():
            raise _exists(report.output) from None
        raise ConfigError(
            f"{report.output} cannot be written: {error}", remedy="see --output"
        ) from None


def _exists(output: Path) -> ConfigError:
    return ConfigError(
        f"{output} exists and is not overwritten",
        remedy="use --force to replace it, or --output for another file",
    )


def settings_text(report: Report) -> str:
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


def _advice_lines(report: Report, setting: str) -> Iterator[str]:
    texts = [advice.text for advice in report.advice if advice.setting == setting]
    if setting == "ingest.columns":
        texts += report.guesses.notes
    for text in texts:
        yield from wrap(text, WIDTH, initial_indent="# → ", subsequent_indent="#   ")


def _setting_line(report: Report, section: str, key: str, comment: str) -> str:
    default = getattr(getattr(Config.model_construct(), section), key)
    value = getattr(report.settings, key) if section == "ingest" else default
    if value != default or key == "input":
        if key == "timestamp_format" and len(report.formats) > 1:
            others = " or ".join(map(_toml, report.formats[1:]))
            comment = f"{others} fits as well: look whether the dates are right"
        return _line(f"{key} = {_toml(value)}", comment)
    return _line(f"# {key} = {_toml(EXAMPLES[key] if default is None else default)}", comment)


def _column_lines(report: Report) -> Iterator[str]:
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


def as_values(report: Report) -> dict[str, Any]:
    """The report as JSON values."""
    return {
        "config": str(report.output),
        "input": report.settings.input,
        "columns": {role: asdict(guess) for role, guess in report.guesses.roles.items()},
        "timestamp_formats": report.formats,
        "timestamp_unit": report.settings.timestamp_unit,
        "notes": report.guesses.notes,
        "profile": asdict(report.profile),
        "advice": [asdict(advice) for advice in report.advice],
        "next": report.next_command,
    }


def show(report: Report) -> None:
    """Print columns, profile, advice and the next command."""
    from cfdist.cli.tables import console

    out = console()
    out.print(_grid(f"Columns of {report.settings.input}", _column_rows(report)))
    out.print(_grid("\nProfile", _figures(report.profile, report.settings)))
    told = [*report.guesses.notes, *(advice.text for advice in report.advice)]
    if told:
        out.print(_grid("\nGood to know", [("→", text) for text in told]))
    out.print(f"\nWrote {report.output}: every line of it is explained", markup=False)
    out.print(f"Next:  {report.next_command}", markup=False)


def _grid(title: str, rows: Iterable[tuple[str, ...]]) -> "Table":
    """Rows without a frame; text from the data is shown as it is, never read as markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title, style="bold"), title_justify="left", box=None)
    table.show_header = False
    for row in rows:
        table.add_row(*(Text(cell, style="" if place else "dim") for place, cell in enumerate(row)))
    return table


def _column_rows(report: Report) -> Iterator[tuple[str, str, str]]:
    for role, guess in report.guesses.roles.items():
        reason = guess.reason
        if role == TIMESTAMP and report.formats:
            reason += f", read as {' or '.join(report.formats)}"
        if guess.alternatives:
            reason += f"; it may also be {', '.join(guess.alternatives)}"
        yield role, guess.column or "-", reason


def _figures(p: "Profile", settings: IngestSettings) -> Iterator[tuple[str, str]]:
    about = "about " if p.estimated else ""
    if p.scope:
        yield "read", f"{p.scope}: all figures are of these"
    yield "rows", f"{p.rows_in:,}, of which {p.rows_used:,} ({p.rows_used / p.rows_in:.1%}) used"
    for reason, number in p.dropped.items():
        yield "", f"{number:,} ({number / p.rows_in:.1%}) not: {reason}"
    if p.first_date and p.last_date:
        yield "dates", f"{p.first_date.replace('T', ' ')} to {p.last_date.replace('T', ' ')}"
    single = p.n_users_with_one_article / max(1, p.n_users)
    yield "users", f"{about}{p.n_users:,}, {single:.1%} of them with one article"
    yield (
        "articles",
        f"{p.n_articles:,}; the ten most popular make {p.top_ten_share:.1%} of the rows",
    )
    yield "rows per user", _spread(p.interactions_per_user)
    again = "of the rows: the user had the article already"
    yield "repeated", f"{about}{p.repeated_share:.1%} {again}"
    yield "density", f"{about}{p.density:.3%} of user × article"
    kind = "" if p.basket_kind == BASKET_ID else f" ({p.basket_kind})"
    yield "baskets", f"{about}{p.n_baskets:,}{kind}"
    limit = settings.max_basket_articles
    large = f"; {p.large_basket_share:.1%} over {limit}" if p.large_basket_share else ""
    yield "articles per basket", _spread(p.articles_per_basket) + large
    yield "duplicate lines", f"{about}{p.duplicate_share:.1%}"


def _spread(spread: "Spread") -> str:
    return f"median {spread.median:,}, 90% have at most {spread.p90:,}, the largest {spread.max:,}"
