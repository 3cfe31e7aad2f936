"""The start of an input, and the columns that its files share."""

from collections.abc import Mapping
from math import ceil
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from cfdist.input.read import read_part
from cfdist.input.source import Part, file_format, list_files, open_file, read_schema, reading
from cfdist.settings import Columns as ColumnNames
from cfdist.settings import IngestSettings

SAMPLE_ROWS = 20_000
_FILES_COMPARED = 8


class Sample(NamedTuple):
    """The start of an input.

    Attributes
    ----------
    schema : pa.Schema
        Columns that its files share, as stored.
    rows : pa.Table
        The first rows of the first file.
    is_csv : bool
        All columns are text then.
    difference : str
        Columns that only some of the files have, in words; empty where they agree.
    """

    schema: pa.Schema
    rows: pa.Table
    is_csv: bool
    difference: str


def read_sample(settings: IngestSettings) -> Sample:
    """The first rows of an input and the columns that its files share.

    Raises
    ------
    DataError
        There is no file, or one cannot be read.
    """
    urls = list_files(settings)
    compared = urls[:: ceil(len(urls) / _FILES_COMPARED)]
    schemas = {url: read_schema(url, settings) for url in compared}
    first, *others = schemas.values()
    names = set(first.names).intersection(*(other.names for other in others))
    shared = pa.schema([column for column in first if column.name in names])
    is_csv = file_format(urls[0], settings) == "csv"
    rows = _first_rows(urls[0], shared, settings)
    return Sample(shared, rows, is_csv, _difference(schemas, names))


def _difference(schemas: Mapping[str, pa.Schema], shared: set[str]) -> str:
    """What the first few files have alone; empty where all have the same columns."""
    alone = {
        ", ".join(name for name in schema.names if name not in shared): url
        for url, schema in schemas.items()
    }
    if len(alone) == 1:
        return ""
    told = [f"{url} has {names}" for names, url in list(alone.items())[:3] if names]
    return f"not all files have the same columns: {'; '.join(told)}"


class _EveryColumn(ColumnNames):
    """Columns under their own names."""

    names: tuple[str, ...]

    def named(self) -> dict[str, str]:
        return {name: name for name in self.names}


def _first_rows(url: str, schema: pa.Schema, settings: IngestSettings) -> pa.Table:
    names = tuple(name for name in schema.names if schema.names.count(name) == 1)
    if file_format(url, settings) == "csv":
        part = Part(url, "csv", hive=_hive_values(url))
        tables = read_part(part, _EveryColumn(names=names), settings)
        found = next((table for _, table in tables), None)
    else:
        found = _first_batch(url, names, settings)
    nothing = pa.schema([schema.field(name) for name in names]).empty_table()
    return nothing if found is None else found.slice(0, SAMPLE_ROWS)


def _first_batch(url: str, names: tuple[str, ...], settings: IngestSettings) -> pa.Table | None:
    """The start of a parquet file; the rest of its first row group is not decoded."""
    hive = _hive_values(url)
    with reading(url), open_file(url, settings) as handle:
        file = pq.ParquetFile(handle)
        present = [name for name in names if name in file.schema_arrow.names]
        batch = next(file.iter_batches(SAMPLE_ROWS, columns=present), None)
    if batch is None:
        return None
    columns = {name: batch[name] for name in present}
    for name in names:
        if name not in columns:
            columns[name] = pa.repeat(hive[name], batch.num_rows)
    return pa.table(columns)


def _hive_values(url: str) -> dict[str, str]:
    return dict(piece.split("=", 1) for piece in url.split("/")[:-1] if "=" in piece)
