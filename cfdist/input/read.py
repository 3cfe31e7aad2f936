"""One part of the input as Arrow tables under canonical names."""

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq

from cfdist.errors import DataError
from cfdist.input.csv_text import read_rows
from cfdist.input.source import Part, open_file, reading
from cfdist.settings import Columns, IngestSettings


def read_part(
    part: Part, columns: Columns, settings: IngestSettings, only: tuple[str, ...] = ()
) -> Iterator[tuple[Part, pa.Table]]:
    """Tables of the part's rows, each with the place it comes from.

    Parameters
    ----------
    only : tuple of str
        Canonical columns to read; all that are mapped when empty.

    Raises
    ------
    DataError
        The file is damaged, truncated or no longer there.
    """
    wanted = {key: name for key, name in columns.named().items() if not only or key in only}
    read = _read_csv if part.format == "csv" else _read_parquet
    with reading(part.url):
        for where, table in read(part, list(dict.fromkeys(wanted.values())), settings):
            yield where, _canonical(table, wanted, part)


def _canonical(table: pa.Table, wanted: dict[str, str], part: Part) -> pa.Table:
    arrays = {}
    for key, name in wanted.items():
        if name in table.column_names:
            arrays[key] = table[name]
        else:
            value = pa.scalar(part.hive[name], pa.string())
            arrays[key] = pa.chunked_array([pa.repeat(value, table.num_rows)])
    return pa.table(arrays)


def _read_parquet(
    part: Part, names: list[str], settings: IngestSettings
) -> Iterator[tuple[Part, pa.Table]]:
    with open_file(part.url, settings) as handle:
        file = pq.ParquetFile(
            handle,
            page_checksum_verification=True,
            coerce_int96_timestamp_unit="us",  # the year 9999 wraps in nanoseconds
        )
        present = [name for name in names if name in file.schema_arrow.names]
        table = file.read_row_groups(list(part.row_groups), present, use_threads=False)
    if part.rows not in (None, table.num_rows):
        raise DataError(
            f"{part.url}: has {table.num_rows:,} rows where its footer said {part.rows:,}",
            remedy="write the file again, or take it out of the input",
        )
    yield part, table


def _read_csv(
    part: Part, names: list[str], settings: IngestSettings
) -> Iterator[tuple[Part, pa.Table]]:
    """Blocks of the file."""
    first = 0
    for table in read_rows(part.url, names, settings):
        yield replace(part, first_row=first, rows=table.num_rows), table
        first += table.num_rows
