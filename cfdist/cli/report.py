"""What ``cfdist init`` found: as tables for people, as JSON for scripts."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfdist.config import DEFAULT_FILE
from cfdist.schema import BASKET_ID, TIMESTAMP
from cfdist.settings import IngestSettings

if TYPE_CHECKING:
    from rich.table import Table

    from cfdist.input.examine import Report
    from cfdist.input.profile import Profile, Spread


def show(report: "Report", output: Path) -> None:
    """Print columns, profile, advice and the next command."""
    from cfdist.cli.tables import console

    out = console()
    out.print(_grid(f"Columns of {report.settings.input}", _column_rows(report)))
    out.print(_grid("\nProfile", _figures(report.profile, report.settings)))
    told = [*report.guesses.notes, *(advice.text for advice in report.advice)]
    if told:
        out.print(_grid("\nGood to know", [("→", text) for text in told]))
    out.print(f"\nWrote {output}: every line of it is explained", markup=False)
    out.print(f"Next:  {_next_command(output)}", markup=False)


def _grid(title: str, rows: Iterable[tuple[str, ...]]) -> "Table":
    """Rows without a frame; text from the data is shown as it is, never read as markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title, style="bold"), title_justify="left", box=None)
    table.show_header = False
    for row in rows:
        table.add_row(*(Text(cell, style="" if place else "dim") for place, cell in enumerate(row)))
    return table


def _column_rows(report: "Report") -> Iterator[tuple[str, str, str]]:
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


def as_values(report: "Report", output: Path) -> dict[str, Any]:
    """The report as JSON values."""
    return {
        "config": str(output),
        "input": report.settings.input,
        "columns": {role: asdict(guess) for role, guess in report.guesses.roles.items()},
        "timestamp_formats": report.formats,
        "timestamp_unit": report.settings.timestamp_unit,
        "notes": report.guesses.notes,
        "profile": asdict(report.profile),
        "advice": [asdict(advice) for advice in report.advice],
        "next": _next_command(output),
    }


def _next_command(output: Path) -> str:
    """What to type next."""
    if output == DEFAULT_FILE:
        return "cfdist experiment"
    return f"cfdist experiment --config {shlex.quote(str(output))}"
