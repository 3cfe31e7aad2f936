"""Rows of the input for a plan: ids alone, of a bounded number of rows."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cfdist.algorithms.interactions import DAY_US
from cfdist.errors import DataError
from cfdist.input.check import date_window
from cfdist.input.csv_text import read_header
from cfdist.input.ids import read_ids
from cfdist.input.numbers import read_numbers
from cfdist.input.read import read_part
from cfdist.input.source import Part, Source, id_kind, open_file, open_source, read_schema
from cfdist.input.timestamps import read_times
from cfdist.schema import ARTICLE_ID, BASKET_ID, QUANTITY, TIMESTAMP, USER_ID
from cfdist.settings import IngestSettings

HEAD_BYTES = 2**20
TIME_TEXT_BYTES = 19.0
"""Of a date and a time of day."""
ZIPPED = 4.0
"""Assumed length of a compressed csv when it is unpacked."""


@dataclass(frozen=True)
class Rows:
    """Ids of rows.

    Attributes
    ----------
    user, article, basket : pa.Array
        ``basket`` is what rows without a basket id share instead: the day, or nothing.
    bought : bool ``(n_rows_read,)``
        False for returns and what was not taken: they are owned, and in no basket.
    n_rows : int
        Rows of the input, read or not.
    file_bytes : int
    read_tasks : int
    scope : str
        Which rows were read; empty: all.
    has_basket_ids : bool
    time_text_bytes : float
        Bytes of a timestamp that is text; 0 where it is none.
    """

    user: pa.Array
    article: pa.Array
    basket: pa.Array
    bought: pa.Array
    n_rows: int
    file_bytes: int
    read_tasks: int
    scope: str
    has_basket_ids: bool
    time_text_bytes: float

    @property
    def factor(self) -> float:
        """All rows / rows read."""
        return max(1.0, self.n_rows / max(1, len(self.user)))


def read_rows(settings: IngestSettings, max_rows: int) -> Rows:
    """Ids of all rows, or of parts spread evenly over the input.

    Raises
    ------
    DataError
        What ingest would refuse; no rows.
    """
    source = open_source(settings)
    parts = choose_parts(source.parts, max_rows)
    wanted: tuple[str, ...] = (USER_ID, ARTICLE_ID, BASKET_ID, QUANTITY)
    if _needs_times(source, settings):
        wanted = (*wanted, TIMESTAMP)
    tables: list[tuple[pa.Array, ...]] = []
    n_read = n_raw = 0
    for part in parts:
        for where, table in read_part(part, source.columns, settings, wanted):
            if n_raw >= max_rows and part.rows is None:
                break
            n_raw += table.num_rows
            tables.append(_ids(table, where, source, settings))
            n_read += len(tables[-1][0])
    if not n_read:
        raise DataError(f"{settings.input}: no row can be used", remedy="check the input")
    file_bytes = sum(_size(url, settings) for url in source.files)
    total = _total_rows(source, settings, n_raw, max_rows)
    user, article, basket, bought = (
        pa.concat_arrays(list(column)) for column in zip(*tables, strict=True)
    )
    return Rows(
        user=user,
        article=article,
        basket=basket,
        bought=bought,
        n_rows=round(total * n_read / n_raw),
        file_bytes=file_bytes,
        read_tasks=len(source.parts),
        scope="" if total <= n_raw else f"{n_raw:,} of about {total:,} rows",
        has_basket_ids=BASKET_ID in source.id_types,
        time_text_bytes=TIME_TEXT_BYTES if _has_text_times(source, settings) else 0.0,
    )


def choose_parts(parts: list[Part], max_rows: int) -> list[Part]:
    """Parts of about ``max_rows`` rows, spread evenly, the first half of them spread as well.

    Notes
    -----
    Row groups differ in size; a file with one huge row group is read whole.
    """
    n_rows = sum(part.rows or 0 for part in parts)
    number = len(parts)
    if n_rows > max_rows:
        number = max(1, len(parts) * max_rows // n_rows)
    chosen = [parts[place * len(parts) // number] for place in range(number)]
    return [*chosen[::4], *chosen[2::4], *chosen[1::2]]


def _has_text_times(source: Source, settings: IngestSettings) -> bool:
    name = source.columns.timestamp
    if not name:
        return False
    return id_kind(read_schema(source.files[0], settings).field(name).type) == "string"


def _needs_times(source: Source, settings: IngestSettings) -> bool:
    dated = settings.first_date is not None or settings.last_date is not None
    return bool(source.columns.timestamp) and (dated or BASKET_ID not in source.id_types)


def _ids(
    table: pa.Table, where: Part, source: Source, settings: IngestSettings
) -> tuple[pa.Array, ...]:
    """User, article, basket of the rows that ingest keeps, and whether something was bought."""
    found = {
        name: read_ids(table[name].combine_chunks(), name, kind, where)
        for name, kind in source.id_types.items()
    }
    user, article = found[USER_ID], found[ARTICLE_ID]
    known, bought = np.asarray(user.is_valid()), _bought(table, where)
    kept = np.asarray(article.is_valid())
    basket = found.get(BASKET_ID)
    time = None
    if TIMESTAMP in table.column_names:
        time, is_time = read_times(table[TIMESTAMP].combine_chunks(), where, settings)
        first, last = date_window(settings)
        kept &= is_time & (time >= first) & (time < last)
    if basket is None:
        kept &= known
        day = np.zeros(len(user), np.int64) if time is None else time // DAY_US
        basket = pa.array(day)
    else:
        kept &= known | (np.asarray(basket.is_valid()) & bought)
    columns = (user, article, basket, pa.array(bought))
    if kept.all():
        return columns
    return tuple(column.filter(pa.array(kept)) for column in columns)


def _bought(table: pa.Table, where: Part) -> NDArray[np.bool_]:
    """Which rows are purchases; all of them without quantities."""
    if QUANTITY not in table.column_names:
        return np.ones(table.num_rows, dtype=bool)
    numbers = read_numbers(table[QUANTITY].combine_chunks(), QUANTITY, where)
    if numbers is None:  # ingest says what is wrong with it
        return np.ones(table.num_rows, dtype=bool)
    return np.asarray(numbers > 0)


def _size(url: str, settings: IngestSettings) -> int:
    with open_file(url, settings) as handle:
        handle.seek(0, 2)
        return int(handle.tell())


def _total_rows(source: Source, settings: IngestSettings, n_read: int, max_rows: int) -> int:
    """Rows of the input; of csv files that were not read whole, from the length of a line."""
    if all(part.rows is not None for part in source.parts):
        return sum(part.rows or 0 for part in source.parts)
    if n_read < max_rows:
        return n_read
    lines = sum(_lines(part.url, settings) for part in source.parts if part.rows is None)
    return max(n_read, lines + sum(part.rows or 0 for part in source.parts))


def _lines(url: str, settings: IngestSettings) -> int:
    import fsspec

    read_header(url, settings)  # its errors name what is wrong
    with fsspec.open(url, "rb", compression="infer", **settings.storage_options) as handle:
        head = handle.read(HEAD_BYTES)
    unpacked = _size(url, settings) * (ZIPPED if url.endswith((".gz", ".bz2", ".zst")) else 1)
    return int(unpacked * head.count(b"\n") / max(1, len(head)))


def mean_bytes(ids: pa.Array) -> float:
    """Mean bytes of the ids that are there; 8 for integers."""
    if pa.types.is_integer(ids.type):
        return 8.0
    lengths = pa.compute.binary_length(ids)
    return float(pa.compute.mean(lengths).as_py() or 0.0)


def first_parts(n: int, shares: tuple[float, ...]) -> NDArray[np.int64]:
    """Row counts of the first shares of ``n`` rows, at least one."""
    return np.maximum(1, np.round(np.array(shares) * n)).astype(np.int64)
