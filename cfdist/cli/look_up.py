"""``cfdist recommend`` and ``cfdist similar``: look at a published build."""

import json
from typing import Any

import click
import pyarrow as pa

from cfdist.cli.options import as_json
from cfdist.cli.tables import console, table_of
from cfdist.config import Config
from cfdist.errors import DataError
from cfdist.schema import (
    ARTICLE_ID,
    CONFIDENCE,
    LIFT,
    NAME,
    OTHER_ARTICLE_ID,
    PAIR_COUNT,
    RANK,
    RELATION,
    RELATIONS,
    SCORE,
    SIMILARITY,
    SOURCE,
    USER_ID,
)

PAIR_COLUMNS = {
    RANK: "rank",
    OTHER_ARTICLE_ID: "article",
    NAME: "name",
    PAIR_COUNT: "baskets",
    CONFIDENCE: "confidence",
    LIFT: "lift",
    SIMILARITY: "similarity",
    SOURCE: "source",
}
"""Columns to show and their headings; the score is the confidence or the similarity."""

ROOT_HELP = "Root of the builds [as in the settings]."


def _build(root: str | None) -> Any:
    from cfdist.builds import load_build

    return load_build(root or Config.load().publish.root)


@click.command()
@click.argument("users", nargs=-1, required=True)
@click.option("--output", "root", help=ROOT_HELP)
@click.option("-n", "limit", type=click.IntRange(1), help="Entries to show [all].")
@as_json
def recommend(
    users: tuple[str, ...], root: str | None, limit: int | None, json_output: bool
) -> None:
    """Show the lists of USERS, with names where the articles table has them.

    \b
    Examples
      cfdist recommend 1234
      cfdist recommend 1234 99 -n 5 --json
    """
    build = _build(root)
    rows = _with_names(build, build.recommendations(list(users)), ARTICLE_ID)
    rows = [row for row in rows if limit is None or row[RANK] <= limit]
    _require_known(users, rows, USER_ID, build)
    if json_output:
        click.echo(json.dumps(rows))
        return
    for user in users:
        lines = [row for row in rows if str(row[USER_ID]) == user]
        columns = (RANK, ARTICLE_ID, NAME, SCORE, SOURCE)
        cells = [_cells(row, columns, ARTICLE_ID) for row in lines]
        console().print(table_of(f"Customers like {user} also bought", columns, cells))


@click.command()
@click.argument("articles", nargs=-1, required=True)
@click.option("--relation", type=click.Choice(RELATIONS), help="Only this relation [both].")
@click.option("--output", "root", help=ROOT_HELP)
@click.option("-n", "limit", type=click.IntRange(1), default=10, help="Entries to show [10].")
@as_json
def similar(
    articles: tuple[str, ...], relation: str | None, root: str | None, limit: int, json_output: bool
) -> None:
    """Show what is bought together with ARTICLES, and what is similar to them.

    \b
    Examples
      cfdist similar 85123A
      cfdist similar 85123A --relation bought_together -n 5
    """
    build = _build(root)
    rows = _with_names(build, build.partners(list(articles), relation), OTHER_ARTICLE_ID)
    rows = [row for row in rows if row[RANK] <= limit]
    _require_known(articles, rows, ARTICLE_ID, build)
    if json_output:
        click.echo(json.dumps(rows))
        return
    for article in articles:
        title = _names(build, pa.array([_typed(article, build)])).get(_typed(article, build))
        for word in RELATIONS if relation is None else (relation,):
            lines = [r for r in rows if str(r[ARTICLE_ID]) == article and r[RELATION] == word]
            cells = [_cells(row, tuple(PAIR_COLUMNS), OTHER_ARTICLE_ID) for row in lines]
            head = f"{word.replace('_', ' ').capitalize()}: {article} {title or ''}"
            console().print(table_of(head, tuple(PAIR_COLUMNS.values()), cells))


def _typed(article: str, build: Any) -> str | int:
    return int(article) if build.manifest.article_type == "int64" else article


def _names(build: Any, ids: pa.Array) -> dict[Any, str | None]:
    table = build.articles(ids)
    return dict(zip(table[ARTICLE_ID].to_pylist(), table[NAME].to_pylist(), strict=True))


def _with_names(build: Any, table: pa.Table, column: str) -> list[dict[str, Any]]:
    """Rows as dicts, each with the name of the article in ``column``."""
    names = _names(build, table[column].combine_chunks().unique()) if table.num_rows else {}
    return [row | {NAME: names.get(row[column])} for row in table.to_pylist()]


def _require_known(
    wanted: tuple[str, ...], rows: list[dict[str, Any]], column: str, build: Any
) -> None:
    known = {str(row[column]) for row in rows}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        what = column.removesuffix("_id")
        never = " (an article that nobody bought has none)" if column == ARTICLE_ID else ""
        raise DataError(
            f"build {build.id} has no list for {what} {', '.join(map(repr, unknown))}{never}",
            remedy=f"ids of this build: see {build.path / (what + 's.parquet')}",
        )


def _cells(row: dict[str, Any], columns: tuple[str, ...], id_column: str) -> tuple[Any, ...]:
    return tuple(str(row[name]) if name == id_column else row[name] for name in columns)
