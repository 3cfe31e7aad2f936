"""Which files an input is made of, and the parts in which they are read."""

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from cfdist.errors import CfdistError, DataError
from cfdist.input.csv_text import read_header
from cfdist.schema import ID_COLUMNS
from cfdist.settings import Columns, IngestSettings

PART_ROWS = 2**20
GLOB_MARKS = frozenset("*?[")
HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
_SUFFIXES = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".gz": "csv", ".tsv": "csv"}


@dataclass(frozen=True)
class Part:
    """What one task reads: a run of row groups of a parquet file, or a whole csv file.

    ``rows`` is None where only reading tells; ``first_row`` counts from 0 within the file;
    ``hive`` has the columns that folder names give; ``names`` maps canonical column names to
    those of the file, for messages.
    """

    url: str
    format: str
    row_groups: tuple[int, ...] = ()
    first_row: int = 0
    rows: int | None = None
    hive: Mapping[str, str | None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def is_text(self, column: str) -> bool:
        """True where numbers and times can only be text: in csv and in names of folders."""
        return self.format == "csv" or self.names.get(column, column) in self.hive

    def place(self, column: str, row: int) -> str:
        """Where a value is, for people."""
        name = self.names.get(column, column)
        return f"{self.url}: column {name!r}, row {self.first_row + row}"

    def error(self, column: str, row: int, value: object, problem: str, remedy: str) -> DataError:
        """The error for one value; ``value`` None is not shown."""
        shown = value.as_py() if isinstance(value, pa.Scalar) else value
        shown = f" {str(shown)!r}" if shown is not None else ""
        return DataError(f"{self.place(column, row)}:{shown} {problem}", remedy=remedy)


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
        No file, an unreadable file, no rows, a missing column, ids of mixed types.
    """
    urls = list_files(settings)
    parts: list[Part] = []
    schemas: dict[str, pa.Schema] = {}
    for url in urls:
        file_parts, schemas[url] = _inspect(url, settings)
        parts += file_parts
    names = [name for schema in schemas.values() for name in schema.names]
    columns = settings.columns.found_in(names)
    notes: list[str] = []
    for url, schema in schemas.items():
        _require_columns(url, schema, columns, schemas)
    id_types = {
        name: _id_type(name, source, schemas, notes)
        for name, source in columns.named().items()
        if name in ID_COLUMNS
    }
    if all(part.rows == 0 for part in parts):
        raise DataError(f"{settings.input}: there are no rows", remedy="check the input")
    parts = [replace(part, names=columns.named()) for part in parts]
    return Source(parts, columns, id_types, urls, notes)


def list_files(settings: IngestSettings) -> list[str]:
    """URLs of the input's files, sorted; hidden and marker files are left out."""
    if not settings.input:  # as a path it would be the working folder
        raise DataError("ingest.input is empty", remedy="name a file, a folder, a glob or a URL")
    with reading(settings.input, remedy="check the address"):
        fs, path = url_to_fs(settings.input, **settings.storage_options)
        found = [str(name) for name in _find(fs, path)]
    files = sorted({name for name in found if _is_data(name, path, settings)})
    if not files:
        raise DataError(
            f"there is no parquet or csv file at {settings.input}",
            remedy="check the path, or make the demo data with `cfdist data demo`",
        )
    return files if isinstance(fs, LocalFileSystem) else [_url(n, settings.input) for n in files]


def open_file(url: str, settings: IngestSettings) -> Any:
    """The file's bytes, for a ``with`` statement, which keeps what a URL chains open too."""
    return fsspec.open(url, "rb", **settings.storage_options)


def read_schema(url: str, settings: IngestSettings) -> pa.Schema:
    """Column names and types of one file, hive columns included."""
    return _inspect(url, settings)[1]


def file_format(url: str, settings: IngestSettings) -> str:
    """``parquet`` or ``csv``, by setting or by suffix."""
    if settings.format != "auto":
        return settings.format
    return _SUFFIXES.get(_path_of(url).suffix.lower(), "parquet")


def nearest_name(name: str, names: list[str]) -> str | None:
    """The column that is spelled most like ``name``, case and punctuation aside."""
    plain = {"".join(filter(str.isalnum, other.lower())): other for other in names}
    close = difflib.get_close_matches(
        "".join(filter(str.isalnum, name.lower())), list(plain), n=1, cutoff=0.5
    )
    return plain[close[0]] if close else None


@contextmanager
def reading(url: str, remedy: str = "") -> Iterator[None]:
    """Turn whatever goes wrong inside into the error for a file that cannot be read.

    File systems and decoders raise types of their own: aiohttp, botocore, zlib, Arrow.
    """
    try:
        yield
    except CfdistError:
        raise
    except Exception as error:
        raise unreadable(url, error, remedy) from error


def unreadable(url: str, error: Exception, remedy: str = "") -> DataError:
    """The error for a file that cannot be opened or decoded."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, FileNotFoundError):
        remedy = remedy or "check that every worker sees this path"
    remedy = remedy or "write the file again, take it out of the input, or set ingest.format"
    return DataError(f"{url}: cannot be read: {reason}", remedy=remedy)


def _find(fs: Any, path: str) -> list[str]:
    """All files there: the file itself, those below a folder, those that match a glob."""
    if fs.isdir(path):
        return list(fs.find(path))
    if fs.exists(path):
        return [path]
    if GLOB_MARKS.isdisjoint(path):
        return []
    matches = fs.glob(path, detail=True)
    below = [fs.find(name) for name, info in matches.items() if info["type"] == "directory"]
    files = [name for name, info in matches.items() if info["type"] != "directory"]
    return [*files, *(name for names in below for name in names)]


def _is_data(name: str, path: str, settings: IngestSettings) -> bool:
    """True for a file that the user named, or one that is neither hidden nor something else."""
    root = list(takewhile(GLOB_MARKS.isdisjoint, PurePosixPath(path).parts))
    pieces = PurePosixPath(name).parts[len(root) :]
    hidden = any(
        piece.startswith(".") or (piece.startswith("_") and "=" not in piece) for piece in pieces
    )
    known = settings.format != "auto" or PurePosixPath(name).suffix.lower() in _SUFFIXES
    return name == path or (known and not hidden)


def _url(name: str, address: str) -> str:
    """Address of a file that was found at ``address``, which may chain file systems by ``::``."""
    links = address.split("::")
    at = next((i for i, link in enumerate(links) if "://" in link), 0)
    links[at] = name if "://" in name else f"{links[at].split('://')[0]}://{name}"
    return "::".join(links)


def _path_of(url: str) -> PurePosixPath:
    """The path within a URL: without what is chained to it, and without a query."""
    link = next((link for link in url.split("::") if "://" in link), url)
    return PurePosixPath(link.split("?")[0] if link.startswith("http") else link)


def _inspect(url: str, settings: IngestSettings) -> tuple[list[Part], pa.Schema]:
    """Parts and schema of one file, from its footer or its header."""
    hive = _hive_values(url)
    with reading(url):
        if file_format(url, settings) == "csv":
            names, _ = read_header(url, settings)
            schema = pa.schema([(name, pa.string()) for name in names])
            parts = [Part(url, "csv", hive=hive)]
        else:
            with open_file(url, settings) as handle:
                metadata = pq.read_metadata(handle)
            schema = metadata.schema.to_arrow_schema()
            parts = _parquet_parts(url, metadata, hive)
    for name in hive:
        if name not in schema.names:
            schema = schema.append(pa.field(name, pa.string()))
    return parts, schema


def _parquet_parts(
    url: str, metadata: pq.FileMetaData, hive: Mapping[str, str | None]
) -> list[Part]:
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


def _hive_values(url: str) -> dict[str, str | None]:
    pieces = [piece.split("=", 1) for piece in _path_of(url).parts[:-1] if "=" in piece]
    return {name: None if value == HIVE_NULL else unquote(value) for name, value in pieces}


def _require_columns(
    url: str, schema: pa.Schema, columns: Columns, schemas: dict[str, pa.Schema]
) -> None:
    for role, name in columns.named().items():
        if schema.names.count(name) > 1:
            raise DataError(
                f"{url}: there are {schema.names.count(name)} columns {name!r} for {role}",
                remedy="rename all but one of them",
            )
        if name in schema.names:
            continue
        other = next((f" (it is in {u})" for u, s in schemas.items() if name in s.names), "")
        close = nearest_name(name, schema.names)
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
