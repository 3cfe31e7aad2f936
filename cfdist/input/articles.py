"""The optional table of articles: names, categories, brands, variants, and until when."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
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
from cfdist.input.timestamps import read_times
from cfdist.schema import (
    ARTICLE_ID,
    AVAILABLE_UNTIL,
    BRAND,
    CATEGORY,
    NAME,
    TIMESTAMP,
    VARIANT_OF,
)
from cfdist.settings import IngestSettings

DESCRIPTIONS = (NAME, CATEGORY, BRAND, VARIANT_OF)
COLUMN_TYPES = dict.fromkeys(DESCRIPTIONS, pa.string()) | {AVAILABLE_UNTIL: pa.timestamp("us")}
IGNORE = "or ignore the table with ingest.articles = ''"
_TEXT_OR_NULL = ("string", "null")


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
        The table cannot be read, has no column ``article_id``, ids of another type, or in
        ``variant_of`` no ids and in ``available_until`` no times.
    """
    _open_table(settings, id_type)


def table_columns(settings: IngestSettings, id_type: pa.DataType) -> set[str]:
    """Names of the table's columns, from its header; empty without a table.

    Raises
    ------
    DataError
        As :func:`check_articles`.
    """
    return {name for _, names in _open_table(settings, id_type) for name in names}


def describe_articles(settings: IngestSettings, article_ids: pa.Array) -> dict[str, pa.Array]:
    """Name, category, brand and family of each id, null where unknown.

    Raises
    ------
    DataError
        As :func:`check_articles`; also where a value cannot be read.
    """
    return look_up_articles(settings, article_ids, DESCRIPTIONS)


def look_up_articles(
    settings: IngestSettings, article_ids: pa.Array, columns: Sequence[str]
) -> dict[str, pa.Array]:
    """Those columns of the table for each id, null where unknown.

    Parameters
    ----------
    columns : sequence of str
        Of ``COLUMN_TYPES``, which has the type of each.

    Raises
    ------
    DataError
        As :func:`describe_articles`.
    """
    parts = _open_table(settings, article_ids.type)
    if not parts:
        return {column: pa.nulls(len(article_ids), COLUMN_TYPES[column]) for column in columns}
    tables = [_read(part, columns, settings) for part, _ in parts]
    known = pa.concat_tables(tables).combine_chunks()
    row = pc.index_in(article_ids.cast(pa.string()), value_set=known[ARTICLE_ID])
    return {column: known[column].combine_chunks().take(row) for column in columns}


def _open_table(settings: IngestSettings, id_type: pa.DataType) -> list[tuple[Part, list[str]]]:
    """The table's files and their columns, checked by the headers; none without a table."""
    address = find_articles(settings)
    if address is None:
        return []
    own = settings.model_copy(update={"input": address, "format": "auto"})
    found = []
    for url in list_files(own):
        part = Part(url, file_format(url, own))
        schema = read_schema(part.url, own)
        _require_ids(part, schema)
        if part.format == "parquet":  # csv has text only: its digits are compared
            _require_type(part, schema.field(ARTICLE_ID).type, id_type, settings)
            _require_rules(part, schema)
        found.append((part, list(schema.names)))
    return found


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


def _require_rules(part: Part, schema: pa.Schema) -> None:
    """Families are ids, and ends of availability are times or texts that may be."""
    for column, fits, wanted in (
        (VARIANT_OF, id_kind, "store ids of articles or families there"),
        (AVAILABLE_UNTIL, _may_be_time, "cast the column to a timestamp or a date"),
    ):
        if column in schema.names and not fits(schema.field(column).type):
            raise DataError(
                f"{part.url}: column {column!r} is {schema.field(column).type}",
                remedy=f"{wanted}, or rename it, {IGNORE}",
            )


def _may_be_time(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_timestamp(kind) or pa.types.is_date(kind) or id_kind(kind) in _TEXT_OR_NULL


def _are_csv(interactions: IngestSettings) -> bool:
    return all(file_format(url, interactions) == "csv" for url in list_files(interactions))


def _read(part: Part, columns: Sequence[str], settings: IngestSettings) -> pa.Table:
    """Ids and descriptions as text: 71053 is "71053" there, which "0071053" is not."""
    read = _read_csv if part.format == "csv" else _read_parquet
    with reading(part.url):
        table = read(part, [ARTICLE_ID, *columns], settings)
        values = {
            column: _values(table[column].combine_chunks(), column, part)
            if column in table.column_names
            else pa.nulls(table.num_rows, COLUMN_TYPES[column])
            for column in columns
        }
        return pa.table({ARTICLE_ID: _ids(table[ARTICLE_ID].combine_chunks(), ARTICLE_ID, part)}
                        | values)  # fmt: skip


def _values(values: pa.Array, column: str, part: Part) -> pa.Array:
    if column == AVAILABLE_UNTIL:
        return _times(values, part)
    return _ids(values, column, part) if column == VARIANT_OF else _texts(values, column, part)


def _ids(ids: pa.Array, column: str, part: Part) -> pa.Array:
    own_type = pa.string() if id_kind(ids.type) in _TEXT_OR_NULL else pa.int64()
    return read_ids(ids, column, own_type, part).cast(pa.string())


def _times(values: pa.Array, part: Part) -> pa.Array:
    """Times of any kind; texts are ISO 8601, whatever the interactions have."""
    own = replace(part, names={TIMESTAMP: AVAILABLE_UNTIL})
    try:
        micros, known = read_times(values, own, IngestSettings(timestamp_format="iso"))
    except DataError as error:
        remedy = f"write it as 2026-01-31 or 2026-01-31T12:00:00Z, {IGNORE}"
        raise DataError(error.message, remedy=remedy) from None
    return pa.array(micros, mask=~np.asarray(known)).cast(COLUMN_TYPES[AVAILABLE_UNTIL])


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
