"""One part of the input as an Arrow table under canonical names."""

from collections.abc import Iterator

import fsspec
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from cfdist.config import Columns, IngestSettings
from cfdist.errors import DataError
from cfdist.input.source import Part, csv_delimiter, open_file, unreadable

CSV_BLOCK_BYTES = 32 * 2**20


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
    try:
        read = _read_csv if part.format == "csv" else _read_parquet
        for where, table in read(part, list(dict.fromkeys(wanted.values())), settings):
            yield where, _canonical(table, wanted, part)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(part.url, error) from error


def _canonical(table: pa.Table, wanted: dict[str, str], part: Part) -> pa.Table:
    arrays = {}
    for key, name in wanted.items():
        if name in table.column_names:
            arrays[key] = table[name]
        else:
            arrays[key] = pa.chunked_array([pa.repeat(part.hive[name], table.num_rows)])
    return pa.table(arrays)


def _read_parquet(
    part: Part, names: list[str], settings: IngestSettings
) -> Iterator[tuple[Part, pa.Table]]:
    with open_file(part.url, settings) as handle:
        file = pq.ParquetFile(handle, page_checksum_verification=True)
        present = [name for name in names if name in file.schema_arrow.names]
        yield part, file.read_row_groups(list(part.row_groups), present, use_threads=False)


def _read_csv(
    part: Part, names: list[str], settings: IngestSettings
) -> Iterator[tuple[Part, pa.Table]]:
    """Blocks of the file; every column as text, so that 0071053 stays what it is."""
    present = [name for name in names if name not in part.hive]
    with fsspec.open(part.url, "rb", compression="infer", **settings.storage_options) as handle:
        header = handle.readline()
    with fsspec.open(part.url, "rb", compression="infer", **settings.storage_options) as handle:
        reader = pc_csv.open_csv(
            handle,
            read_options=pc_csv.ReadOptions(block_size=CSV_BLOCK_BYTES, use_threads=False),
            parse_options=pc_csv.ParseOptions(
                delimiter=csv_delimiter(part.url, header), newlines_in_values=True
            ),
            convert_options=pc_csv.ConvertOptions(
                include_columns=present,
                column_types=dict.fromkeys(present, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=["", "NULL", "null", "NA", "NaN", "nan", "None"],
            ),
        )
        first = 0
        try:
            for batch in reader:
                place = Part(part.url, part.format, (), first, batch.num_rows, part.hive)
                yield place, pa.Table.from_batches([batch])
                first += batch.num_rows
        except UnicodeDecodeError as error:
            raise DataError(f"{part.url}: is not UTF-8 text", remedy="convert it") from error
