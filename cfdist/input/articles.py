"""The optional table of articles: names, categories, brands."""

from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from cfdist.config import IngestSettings
from cfdist.errors import DataError
from cfdist.input.source import file_format, nearest_name
from cfdist.schema import ARTICLE_ID, BRAND, CATEGORY, NAME

DESCRIPTIONS = (NAME, CATEGORY, BRAND)


def find_articles(settings: IngestSettings) -> str | None:
    """Address of the articles table: as set, else ``articles.parquet`` beside the input file."""
    if settings.articles is not None:
        return settings.articles or None
    beside = Path(settings.input).parent / "articles.parquet"
    is_local = "://" not in settings.input and not any(mark in settings.input for mark in "*?[")
    return str(beside) if is_local and beside.is_file() else None


def describe_articles(settings: IngestSettings, article_ids: pa.Array) -> dict[str, pa.Array]:
    """Name, category and brand of each id, null where unknown.

    Raises
    ------
    DataError
        The table cannot be read, or has no column ``article_id``.
    """
    address = find_articles(settings)
    if address is None:
        return {column: pa.nulls(len(article_ids), pa.string()) for column in DESCRIPTIONS}
    table = _read(address, settings)
    if ARTICLE_ID not in table.column_names:
        close = nearest_name(ARTICLE_ID, table.column_names)
        hint = f"rename {close!r} to it" if close else "add it"
        raise DataError(f"{address}: there is no column {ARTICLE_ID!r}", remedy=hint)
    try:
        known = table[ARTICLE_ID].combine_chunks().cast(article_ids.type)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{address}: {ARTICLE_ID} is {table[ARTICLE_ID].type}, the interactions have "
            f"{article_ids.type}: {error}",
            remedy="use the same ids in both tables",
        ) from None
    row = pc.index_in(article_ids, value_set=known)
    return {
        column: table[column].combine_chunks().cast(pa.string()).take(row)
        if column in table.column_names
        else pa.nulls(len(article_ids), pa.string())
        for column in DESCRIPTIONS
    }


def _read(address: str, settings: IngestSettings) -> pa.Table:
    try:
        with fsspec.open(address, "rb", **settings.storage_options) as handle:
            if file_format(address, settings) == "csv":
                ids = pc_csv.ConvertOptions(column_types={ARTICLE_ID: pa.string()})
                return pc_csv.read_csv(handle, convert_options=ids)
            return pq.read_table(pa.BufferReader(handle.read()))
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"{address}: cannot be read: {error}", remedy="check ingest.articles"
        ) from error
