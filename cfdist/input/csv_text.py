"""Csv files: their header, their separator, and their rows as text."""

import re
from collections.abc import Iterator
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.csv as pc_csv

from cfdist.errors import DataError
from cfdist.settings import IngestSettings

HEADER_BYTES = 2**20
BLOCK_BYTES = 32 * 2**20
MISSING = ["", "NULL", "null", "NA", "NaN", "nan", "None"]


def read_header(url: str, settings: IngestSettings) -> tuple[list[str], str]:
    """Column names, in the order of the file, and the separator.

    Raises
    ------
    DataError
        The file is empty or is not UTF-8 text.
    """
    with _open(url, settings) as handle:
        line = _first_record(handle.read(HEADER_BYTES))
    if not line:
        raise DataError(f"{url}: the file is empty", remedy="take it out of the input")
    parsing = pc_csv.ParseOptions(delimiter=_delimiter(url, line), newlines_in_values=True)
    try:
        names = pc_csv.open_csv(pa.BufferReader(line + b"\n"), parse_options=parsing).schema.names
    except UnicodeDecodeError as error:
        raise _not_text(f"{url}: the header") from error
    return list(names), parsing.delimiter


def read_rows(url: str, names: list[str], settings: IngestSettings) -> Iterator[pa.Table]:
    """Blocks of rows of the named columns that there are, as text: 0071053 stays what it is.

    Raises
    ------
    DataError
        A row has more or fewer values than the header, or is not UTF-8 text: names it.
    """
    columns, delimiter = read_header(url, settings)
    present = [name for name in names if name in columns]
    try:
        with _open(url, settings) as handle:
            for batch in pc_csv.open_csv(
                handle,
                read_options=pc_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
                parse_options=pc_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                convert_options=pc_csv.ConvertOptions(
                    include_columns=present,
                    column_types=dict.fromkeys(present, pa.string()),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    null_values=MISSING,
                ),
            ):
                yield pa.Table.from_batches([batch])
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            return  # a header that no newline ends; an empty file has no header
        told = _of_row(url, columns, str(error))
        if told is None:
            raise
        raise told from error


def _open(url: str, settings: IngestSettings) -> Any:
    return fsspec.open(url, "rb", compression="infer", **settings.storage_options)


def _first_record(head: bytes) -> bytes:
    """The first line that is not empty, with the lines that its quotes span."""
    record = b""
    for line in head.splitlines(keepends=True):
        record += line if record or line.strip() else b""
        if record and record.count(b'"') % 2 == 0:
            break
    return record


def _delimiter(url: str, header: bytes) -> str:
    """The separator that occurs most often outside quotes."""
    if ".tsv" in url.lower():
        return "\t"
    bare = re.sub(rb'"[^"]*"', b"", header)
    return max(",;\t|", key=lambda mark: bare.count(mark.encode()))


def _of_row(url: str, columns: list[str], told: str) -> DataError | None:
    """The error of one row, from what Arrow says of it; its rows count from 1, header included."""
    found = re.search(r"(?:column #(\d+): )?Row #(\d+): (.*)", told, re.DOTALL)
    if found is None:
        return None
    column, row, problem = found.groups()
    if "UTF8" in problem:
        return _not_text(f"{url}: column {columns[int(column)]!r}, row {int(row) - 2}:")
    return DataError(
        f"{url}: row {int(row) - 2}: {problem}",
        remedy="correct the row; a value that holds the separator or a quote is put in quotes",
    )


def _not_text(where: str) -> DataError:
    return DataError(
        f"{where} is not UTF-8 text",
        remedy="convert the file, for example with `iconv -f WINDOWS-1252 -t UTF-8`",
    )
