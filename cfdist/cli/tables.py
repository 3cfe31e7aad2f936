"""Tables for people: Rich, which is plain text where there is no terminal."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

NUMBERS: tuple[str, ...] = (
    "rank",
    "score",
    "rows",
    "seconds",
    "last run",
    "users",
    "articles",
    "components",
)
NUMBERS += ("baskets", "confidence", "lift", "similarity")


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What a name must not send to a terminal."""


def console() -> Console:
    """Standard output, wide enough for tables when it is a pipe."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=160)


def table_of(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table with right-aligned numbers."""
    table = Table(title=Text(title), title_justify="left", header_style="bold", title_style="bold")
    for column in columns:
        table.add_column(
            column, justify="right" if column in NUMBERS else "left", no_wrap=column == "name"
        )
    for row in rows:
        table.add_row(*(Text(_text(cell)) for cell in row))
    return table


def facts(title: str, values: Mapping[str, Any]) -> Table:
    """Names and values, two columns, without a frame."""
    table = Table(
        title=title, title_justify="left", show_header=False, box=None, title_style="bold"
    )
    table.add_column(style="dim")
    table.add_column()
    for name, value in values.items():
        table.add_row(name, Text(_text(value)))
    return table


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return "" if value is None else _CONTROLS.sub("\ufffd", str(value))
