"""Parquet row groups read by cuDF, where it reads them as Arrow does."""

import json
from collections.abc import Mapping
from typing import Any

import cudf
import pyarrow as pa
import pyarrow.parquet as pq

from cfdist.backends.device_errors import device_error
from cfdist.errors import DataError
from cfdist.input.source import GLOB_MARKS, Part, open_file, reading, unreadable
from cfdist.schema import ID_COLUMNS, TIMESTAMP
from cfdist.settings import IngestSettings


def why_arrow(part: Part, named: Mapping[str, str], settings: IngestSettings) -> str | None:
    """Why Arrow reads the part; None where cuDF does.

    Parameters
    ----------
    named : mapping
        Canonical names of the wanted columns, and those in the file.
    """
    if part.format != "parquet":
        return f"{part.format} is read as text"
    if "://" in part.url or not GLOB_MARKS.isdisjoint(part.url):
        return "the address is no plain path"
    with reading(part.url), open_file(part.url, settings) as handle:
        metadata = pq.read_metadata(handle)
    schema = metadata.schema.to_arrow_schema()
    index = _index_of(schema)
    for role, name in named.items():
        if name not in schema.names:
            return f"{name!r} is in a folder's name"
        if "." in name or name in index:
            return f"cuDF takes {name!r} for something else"
        if not _fits(role, schema.field(name).type, settings) or _is_int96(metadata, name):
            return f"{name!r} is {schema.field(name).type}"
    return None


def _index_of(schema: pa.Schema) -> list[Any]:
    """Columns that pandas wrote as an index: cuDF makes one of them again."""
    written = (schema.metadata or {}).get(b"pandas")
    return list(json.loads(written).get("index_columns", [])) if written else []


def _fits(role: str, kind: pa.DataType, settings: IngestSettings) -> bool:
    is_number = pa.types.is_integer(kind) or (
        pa.types.is_floating(kind) and not pa.types.is_float16(kind)
    )
    if role == TIMESTAMP:
        is_time = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
        return is_time or (is_number and settings.timestamp_unit is not None)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return is_number or (role in ID_COLUMNS and is_text)


def _is_int96(metadata: pq.FileMetaData, name: str) -> bool:
    """Old times, which cuDF reads in nanoseconds, where the year 9999 wraps."""
    columns = (metadata.schema.column(i) for i in range(metadata.num_columns))
    return any(c.path == name and c.physical_type == "INT96" for c in columns)


def read_columns(part: Part, named: Mapping[str, str]) -> dict[str, Any]:
    """The part's columns by canonical names, on the device.

    Raises
    ------
    DataError
        The file is damaged, or has other rows than its footer said.
    MemoryError
        The device is full.
    """
    names = list(dict.fromkeys(named.values()))
    try:
        frame = cudf.read_parquet(
            part.url,
            columns=names,
            row_groups=[list(part.row_groups)],
            use_pandas_metadata=False,
            dataset_kwargs={"partitioning": None},  # no columns from folders' names
        )
    except MemoryError:
        raise
    except Exception as error:
        told = device_error(error)  # the file is not to blame
        if told is not None:
            raise told from error
        raise unreadable(part.url, error) from error
    if part.rows not in (None, len(frame)):
        raise DataError(
            f"{part.url}: has {len(frame):,} rows where its footer said {part.rows:,}",
            remedy="write the file again, or take it out of the input",
        )
    frame = frame.reset_index(drop=True)
    return {role: frame[name] for role, name in named.items()}
