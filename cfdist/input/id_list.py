"""A file that lists articles: one id per line, the first column of a csv, or parquet."""

import csv
import io
from pathlib import PurePosixPath

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cfdist.errors import DataError
from cfdist.input.ids import read_ids
from cfdist.input.source import Part, id_kind, nearest_name, open_file, reading
from cfdist.schema import ARTICLE_ID
from cfdist.settings import IngestSettings

PARQUET = (".parquet", ".pq")
CSV = (".csv", ".tsv")
SEPARATORS = ",;\t|"


def read_id_list(address: str, option: str, settings: IngestSettings) -> pa.Array:
    """The distinct ids of the file as text, in its order.

    Parameters
    ----------
    address : str
        Path or URL. By its ending parquet with a column ``article_id``, or csv, compressed or
        not, whose column ``article_id`` counts, else the first; anything else is text with an
        id per line.
    option : str
        The setting that names the file, for messages.
    settings : IngestSettings
        For ``storage_options``.

    Raises
    ------
    DataError
        There is no such file, it cannot be read, has no column of ids or no ids at all.
    """
    where = f"{option} = {address!r}"
    _require_file(address, where, option, settings)
    with reading(address, remedy=f"write the file again, or set {option} = ''"):
        ids = _from_parquet(address, settings) if _ending(address) in PARQUET else None
        if ids is None:
            ids = pa.array(_from_text(address, settings), pa.string())
    ids = pc.unique(ids.drop_null())
    if not len(ids):
        raise DataError(
            f"{where}: there are no ids in the file",
            remedy=f"write one article id per line, or set {option} = ''",
        )
    return ids


def _require_file(address: str, where: str, option: str, settings: IngestSettings) -> None:
    with reading(address, remedy="check the address"):
        fs, path = fsspec.core.url_to_fs(address, **settings.storage_options)
        if fs.isfile(path):
            return
    raise DataError(
        f"{where}: there is no such file", remedy=f"check the path, or set {option} = ''"
    )


def _ending(address: str) -> str:
    """The ending of the name, without that of a compression."""
    path = PurePosixPath(address.split("?")[0])
    while path.suffix in (".gz", ".bz2", ".xz", ".zst", ".zip"):
        path = path.with_suffix("")
    return path.suffix.lower()


def _from_parquet(address: str, settings: IngestSettings) -> pa.Array:
    with open_file(address, settings) as handle:
        file = pq.ParquetFile(handle, page_checksum_verification=True)
        names = file.schema_arrow.names
        if names.count(ARTICLE_ID) != 1:
            close = nearest_name(ARTICLE_ID, names)
            raise DataError(
                f"{address}: there is no single column {ARTICLE_ID!r}; it has {', '.join(names)}",
                remedy=f"rename {close!r} to it" if close else "add it",
            )
        ids = file.read([ARTICLE_ID], use_threads=False)[ARTICLE_ID].combine_chunks()
    part, kind = Part(address, "parquet"), id_kind(ids.type)
    if kind is None:
        remedy = "store the ids as int64 or string"
        raise part.error(ARTICLE_ID, 0, None, f"is {ids.type}; ids are integers or strings", remedy)
    own_type = pa.string() if kind in ("string", "null") else pa.int64()
    return read_ids(ids, ARTICLE_ID, own_type, part).cast(pa.string())


def _from_text(address: str, settings: IngestSettings) -> list[str]:
    with fsspec.open(
        address, "rt", compression="infer", encoding="utf-8-sig", newline="",
        **settings.storage_options,
    ) as handle:  # fmt: skip
        text = handle.read()
    lines = [[line] for line in text.splitlines()]
    if _ending(address) in CSV:
        first = text.lstrip().partition("\n")[0]
        mark = max(SEPARATORS, key=first.count)
        lines = list(csv.reader(io.StringIO(text), delimiter=mark))
    rows = [[cell.strip() for cell in line] for line in lines if any(map(str.strip, line))]
    column = 0
    if rows and ARTICLE_ID in rows[0]:
        column = rows.pop(0).index(ARTICLE_ID)
    return [row[column] for row in rows if len(row) > column and row[column]]
