"""The optional table of articles: names, categories, brands."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cfdist.errors import DataError
from cfdist.input.csv_text import read_rows
from cfdist.input.ids import read_ids
from cfdist.input.source import (
    GLOB_MARKS,
    Part,
    file_format,
    id_kind,
    list_files,
    nearest_name,
    open_file,
    read_schema,
    reading,
)
from cfdist.schema import ARTICLE_ID, BRAND, CATEGORY, NAME
from cfdist.settings import IngestSettings

DESCRIPTIONS = (NAME, CATEGORY, BRAND)
IGNORE = "or ignore the table with ingest.articles = ''"


def find_articles(settings: IngestSettings) -> str | None:
    """Address of the articles table: as set, else ``articles.parquet`` beside the input file."""
    if settings.articles is not None:
        return settings.articles or None
    beside = Path(settings.input).parent / "articles.parquet"
    is_local = "://" not in settings.input and GLOB_MARKS.isdisjoint(settings.input)
    return str(beside) if is_local and beside.is_file() else None


def resolve_articles(settings: IngestSettings) -> IngestSettings:
    """The settings with the table's full address, for workers in another folder."""
    address = find_articles(settings) or ""
    is_path = address and "://" not in address
    return settings.model_copy(
        update={"articles": os.path.abspath(address) if is_path else address}
    )


def check_articles(settings: IngestSettings, id_type: pa.DataType) -> None:
    """Raise where the table of articles does not fit, before anything is computed.

    Raises
    ------
    DataError
        The table cannot be read, has no column ``article_id``, or ids of another type.
    """
    _open_table(settings, id_type)


def describe_articles(settings: IngestSettings, article_ids: pa.Array) -> dict[str, pa.Array]:
    """Name, category and brand of each id, null where unknown.

    Raises
    ------
    DataError
        As :func:`check_articles`; also where a value cannot be read.
    """
    parts = _open_table(settings, article_ids.type)
    if not parts:
        return {column: pa.nulls(len(article_ids), pa.string()) for column in DESCRIPTIONS}
    tables = [_read(part, settings) for part in parts]
    known = pa.concat_tables(tables).combine_chunks()
    row = pc.index_in(article_ids.cast(pa.string()), value_set=known[ARTICLE_ID])
    return {column: known[column].combine_chunks().take(row) for column in DESCRIPTIONS}


def _open_table(settings: IngestSettings, id_type: pa.DataType) -> list[Part]:
    """The table's files, checked by their headers; none where there is no table."""
    address = find_articles(settings)
    if address is None:
        return []
    own = settings.model_copy(update={"input": address, "format": "auto"})
    parts = [Part(url, file_format(url, own)) for url in list_files(own)]
    for part in parts:
        schema = read_schema(part.url, own)
        _require_ids(part, schema)
        if part.format == "parquet":  # csv has text only: its digits are compared
            _require_type(part, schema.field(ARTICLE_ID).type, id_type, settings)
    return parts


def _require_ids(part: Part, schema: pa.Schema) -> None:
    if schema.names.count(ARTICLE_ID) != 1:
        close = nearest_name(ARTICLE_ID, schema.names)
        hint = f"rename {close!r} to it" if close else "add it"
        raise DataError(
            f"{part.url}: there is no single column {ARTICLE_ID!r}; it has "
            f"{', '.join(schema.names)}",
            remedy=f"{hint}, {IGNORE}",
        )


def _require_type(
    part: Part, kind: pa.DataType, id_type: pa.DataType, settings: IngestSettings
) -> None:
    is_number, is_text = id_kind(kind) in ("int", "float"), id_kind(kind) == "string"
    fits = is_number if pa.types.is_integer(id_type) else is_text
    if not fits and not (is_number and _are_csv(settings)):
        raise DataError(
            f"{part.url}: column {ARTICLE_ID!r} is {kind}, the interactions have {id_type}",
            remedy=f"store the ids as {id_type} in both tables, {IGNORE}",
        )


def _are_csv(interactions: IngestSettings) -> bool:
    return all(file_format(url, interactions) == "csv" for url in list_files(interactions))


def _read(part: Part, settings: IngestSettings) -> pa.Table:
    """Ids and descriptions as text: 71053 is "71053" there, which "0071053" is not."""
    read = _read_csv if part.format == "csv" else _read_parquet
    with reading(part.url):
        table = read(part, [ARTICLE_ID, *DESCRIPTIONS], settings)
        ids = table[ARTICLE_ID].combine_chunks()
        own_type = pa.string() if id_kind(ids.type) == "string" else pa.int64()
        ids = read_ids(ids, ARTICLE_ID, own_type, part)
        texts = {
            column: _texts(table[column].combine_chunks(), column, part)
            if column in table.column_names
            else pa.nulls(table.num_rows, pa.string())
            for column in DESCRIPTIONS
        }
    return pa.table({ARTICLE_ID: ids.cast(pa.string()), **texts})


def _read_parquet(part: Part, names: list[str], settings: IngestSettings) -> pa.Table:
    with open_file(part.url, settings) as handle:
        file = pq.ParquetFile(handle, page_checksum_verification=True)
        present = [name for name in names if name in file.schema_arrow.names]
        return file.read(present, use_threads=False)


def _read_csv(part: Part, names: list[str], settings: IngestSettings) -> pa.Table:
    tables = list(read_rows(part.url, names, settings))
    return pa.concat_tables(tables) if tables else pa.table({ARTICLE_ID: pa.array([], pa.string())})


def _texts(values: pa.Array, column: str, part: Part) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    try:
        texts = values.cast(pa.string())
        texts.validate(full=True)
    except pa.ArrowException:
        problem = f"is {values.type} that cannot be read as text"
        raise part.error(column, 0, None, problem, f"cast the column, {IGNORE}") from None
    return texts
