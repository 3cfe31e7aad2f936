"""Which files an input is made of, and the parts in which they are read."""

import difflib
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

import fsspec
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
from fsspec.core import url_to_fs

from cfdist.config import Columns, IngestSettings
from cfdist.errors import DataError
from cfdist.schema import ID_COLUMNS

PART_ROWS = 2**20
CSV_SAMPLE_BYTES = 2**20
_SUFFIXES = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".gz": "csv", ".tsv": "csv"}


@dataclass(frozen=True)
class Part:
    """What one task reads: a run of row groups of a parquet file, or a whole csv file.

    ``rows`` is None where only reading tells; ``first_row`` counts from 0 within the file;
    ``names`` maps canonical column names to those of the file, for messages.
    """

    url: str
    format: str
    row_groups: tuple[int, ...] = ()
    first_row: int = 0
    rows: int | None = None
    hive: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A checked input: its parts, the columns to take from it and the types of its ids."""

    parts: list[Part]
    columns: Columns
    id_types: dict[str, pa.DataType]
    files: list[str]
    notes: list[str]


def open_source(settings: IngestSettings) -> Source:
    """The files behind ``settings.input``, their footers read and their columns compared.

    Raises
    ------
    DataError
        No file, an unreadable file, a missing column, ids of mixed types.
    """
    urls = list_files(settings)
    parts: list[Part] = []
    schemas: dict[str, pa.Schema] = {}
    for url in urls:
        file_parts, schemas[url] = _inspect(url, settings)
        parts += file_parts
    columns = settings.columns.found_in(list(next(iter(schemas.values())).names))
    notes: list[str] = []
    for url, schema in schemas.items():
        _require_columns(url, schema, columns, next(iter(schemas)))
    id_types = {
        name: _id_type(name, source, schemas, notes)
        for name, source in columns.named().items()
        if name in ID_COLUMNS
    }
    parts = [replace(part, names=columns.named()) for part in parts]
    return Source(parts, columns, id_types, urls, notes)


def list_files(settings: IngestSettings) -> list[str]:
    """URLs of the input's files, sorted; hidden and marker files are left out."""
    fs, path = url_to_fs(settings.input, **settings.storage_options)
    try:
        if any(mark in path for mark in "*?["):
            found = fs.glob(path)
        elif fs.isdir(path):
            found = fs.find(path)
        else:
            found = [path] if fs.exists(path) else []
    except (OSError, ValueError) as error:
        raise DataError(f"{settings.input}: {error}", remedy="check the address") from error
    files = sorted({str(name) for name in found if _is_data(str(name), path, settings)})
    if not files:
        raise DataError(
            f"there is no parquet or csv file at {settings.input}",
            remedy="check the path, or make the demo data with `cfdist data demo`",
        )
    return [str(fs.unstrip_protocol(name)) if _is_remote(fs) else name for name in files]


def open_file(url: str, settings: IngestSettings) -> Any:
    """The file, open for reading bytes."""
    return fsspec.open(url, "rb", **settings.storage_options).open()


def read_schema(url: str, settings: IngestSettings) -> pa.Schema:
    """Column names and types of one file, hive columns included."""
    return _inspect(url, settings)[1]


def file_format(url: str, settings: IngestSettings) -> str:
    """``parquet`` or ``csv``, by setting or by suffix."""
    if settings.format != "auto":
        return settings.format
    return _SUFFIXES.get(PurePosixPath(url).suffix.lower(), "parquet")


def nearest_name(name: str, names: list[str]) -> str | None:
    """The column that is spelled most like ``name``, case and punctuation aside."""
    plain = {"".join(filter(str.isalnum, other.lower())): other for other in names}
    close = difflib.get_close_matches(
        "".join(filter(str.isalnum, name.lower())), list(plain), n=1, cutoff=0.5
    )
    return plain[close[0]] if close else None


def _is_remote(fs: Any) -> bool:
    return "file" not in fs.protocol and "local" not in fs.protocol


def _is_data(name: str, path: str, settings: IngestSettings) -> bool:
    pieces = PurePosixPath(name).parts
    hidden = PurePosixPath(name).name.startswith((".", "_")) or any(
        piece.startswith("_") and "=" not in piece for piece in pieces[len(path.split("/")) :]
    )
    known = settings.format != "auto" or PurePosixPath(name).suffix.lower() in _SUFFIXES
    return not hidden and (known or name == path)


def _inspect(url: str, settings: IngestSettings) -> tuple[list[Part], pa.Schema]:
    """Parts and schema of one file, from its footer or its first lines."""
    kind = file_format(url, settings)
    hive = _hive_values(url)
    try:
        if kind == "csv":
            names = _csv_names(url, settings)
            schema = pa.schema([(name, pa.string()) for name in names])
            parts = [Part(url, kind, hive=hive)]
        else:
            with open_file(url, settings) as handle:
                metadata = pq.read_metadata(handle)
            schema = metadata.schema.to_arrow_schema()
            parts = _parquet_parts(url, metadata, hive)
    except DataError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise unreadable(url, error) from error
    for name in hive:
        if name not in schema.names:
            schema = schema.append(pa.field(name, pa.string()))
    return parts, schema


def unreadable(url: str, error: Exception) -> DataError:
    """The error for a file that cannot be decoded."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(
        f"{url}: cannot be read: {reason}",
        remedy="write the file again, or take it out of the input",
    )


def _parquet_parts(url: str, metadata: pq.FileMetaData, hive: dict[str, str]) -> list[Part]:
    """Runs of row groups of about a million rows."""
    parts: list[Part] = []
    groups: list[int] = []
    first = rows = 0
    for group in range(metadata.num_row_groups):
        groups.append(group)
        rows += metadata.row_group(group).num_rows
        if rows >= PART_ROWS or group == metadata.num_row_groups - 1:
            parts.append(Part(url, "parquet", tuple(groups), first, rows, hive))
            first, rows, groups = first + rows, 0, []
    return parts


def _csv_names(url: str, settings: IngestSettings) -> list[str]:
    with fsspec.open(url, "rb", compression="infer", **settings.storage_options) as handle:
        head = handle.read(CSV_SAMPLE_BYTES)
    if not head.strip():
        raise DataError(f"{url}: the file is empty", remedy="take it out of the input")
    line = head.split(b"\n", 1)[0] + b"\n"
    parsing = pc_csv.ParseOptions(delimiter=csv_delimiter(url, line))
    return list(pc_csv.open_csv(pa.BufferReader(line), parse_options=parsing).schema.names)


def csv_delimiter(url: str, header: bytes) -> str:
    """The separator that occurs most often in the header line."""
    if ".tsv" in PurePosixPath(url).suffixes:
        return "\t"
    return max(",;\t|", key=lambda mark: header.count(mark.encode()))


def _hive_values(url: str) -> dict[str, str]:
    pairs = [piece.split("=", 1) for piece in PurePosixPath(url).parts[:-1] if "=" in piece]
    return {name: unquote(value) for name, value in pairs}


def _require_columns(url: str, schema: pa.Schema, columns: Columns, first: str) -> None:
    for role, name in columns.named().items():
        if name in schema.names:
            continue
        close = nearest_name(name, schema.names)
        other = f" (it is in {first})" if url != first else ""
        hint = (
            f"did you mean {close!r}? set ingest.columns.{role} = {close!r}, or " if close else ""
        )
        have = ", ".join(schema.names)
        raise DataError(
            f"{url}: there is no column {name!r} for {role}{other}; it has {have}",
            remedy=f"{hint}run `cfdist init {url}` to map the columns",
        )


def _id_type(
    role: str, column: str, schemas: dict[str, pa.Schema], notes: list[str]
) -> pa.DataType:
    """int64 or string, the same in every file."""
    found: dict[str, str] = {}
    for url, schema in schemas.items():
        kind = id_kind(schema.field(column).type)
        if kind is None:
            raise DataError(
                f"{url}: column {column!r} ({role}) is {schema.field(column).type}; "
                "ids are integers or strings",
                remedy="cast the column to int64 or string",
            )
        found.setdefault(kind, url)
    found.pop("null", None)
    if "string" in found and len(found) > 1:
        other = next(kind for kind in found if kind != "string")
        raise DataError(
            f"column {column!r} ({role}) has ids of mixed type: string in {found['string']}, "
            f"{schemas[found[other]].field(column).type} in {found[other]}",
            remedy="cast the column to one type in all files",
        )
    if "float" in found:
        notes.append(f"{column}: float ids that are whole numbers are read as int64")
    return pa.string() if "string" in found or not found else pa.int64()


def id_kind(kind: pa.DataType) -> str | None:
    """``int``, ``float``, ``string`` or ``null``; None for what cannot be an id."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_integer(kind):
        return "int"
    if pa.types.is_floating(kind):
        return "float"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "string"
    return "null" if pa.types.is_null(kind) else None
