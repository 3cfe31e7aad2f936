"""How dates of an unknown table are written: as timestamps, as text or as numbers since 1970."""

from contextlib import suppress
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cfdist.input.read import read_part
from cfdist.input.source import id_kind, open_source
from cfdist.schema import TIMESTAMP
from cfdist.settings import IngestSettings

MAX_ROWS = 20_000_000
"""Rows read to settle an ambiguity at most."""

_DAY_FIRST = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y")
_NAMED_MONTH = ("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y")  # a space may be missing
_YEAR_FIRST = ("%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
_WITH_ZONE = ("%Y-%m-%d %H:%M:%S UTC", "%a %b %d %H:%M:%S %z %Y")
_DATES = (*_DAY_FIRST, *_MONTH_FIRST, *_YEAR_FIRST, *_NAMED_MONTH)
_FORMATS = (*_WITH_ZONE, *(date + clock for date in _DATES for clock in _CLOCKS))
_UNITS: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EARLIEST_S, _LATEST_S = 315_532_800, 4_102_444_800  # 1980 and 2100: no two units overlap


class TimeReading(NamedTuple):
    """How a column is read as time."""

    formats: tuple[str, ...]
    unit: str | None
    reason: str


def read_time(kind: pa.DataType, values: pa.Array, *, is_csv: bool = False) -> TimeReading | None:
    """How values are read as time; None if they cannot be.

    Parameters
    ----------
    kind : pa.DataType
        Type of the column as stored.
    values : pa.Array
        Some of its values, a dictionary decoded.

    Examples
    --------
    >>> read_time(pa.string(), pa.array(["24/12/2010 8:26", "5/1/2011 17:00"])).formats
    ('%d/%m/%Y %H:%M',)
    >>> read_time(pa.int64(), pa.array([1_291_190_400_000])).unit
    'ms'
    """
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return TimeReading((), None, f"stored as {kind}")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _read_numbers(values)
    if id_kind(kind) != "string" or values.null_count == len(values):
        return None
    texts = values.cast(pa.string()).drop_null()
    formats = ("iso",) if _is_iso(texts) else _fitting_formats(texts)
    if formats:
        return TimeReading(formats, None, f"text such as {texts[0].as_py()!r}")
    numbers = text_as_numbers(texts) if is_csv else None
    return _read_numbers(numbers) if numbers is not None else None


def _read_numbers(values: pa.Array) -> TimeReading | None:
    numbers = np.asarray(values.drop_null().cast(pa.float64(), safe=False))
    numbers = numbers[np.isfinite(numbers)]
    middle = float(np.median(numbers)) if len(numbers) else 0.0
    for unit, per_second in _UNITS.items():
        if _EARLIEST_S <= middle / per_second < _LATEST_S:
            return TimeReading((), unit, f"{unit} since 1970, by their size")
    return None


def _is_iso(texts: pa.Array) -> bool:
    for zone in (None, "UTC"):  # a text with a zone is read as UTC
        with suppress(pa.ArrowInvalid):
            return len(texts.cast(pa.timestamp("us", zone))) > 0
    return False


def _fitting_formats(texts: pa.Array) -> tuple[str, ...]:
    """Formats of every text, the likelier of day first and month first at the front."""
    possible = [pattern for pattern in _FORMATS if fits_format(texts[:1], pattern)]
    formats = [pattern for pattern in possible if fits_format(texts, pattern)]
    if len(formats) > 1 and _second_number_varies_more(texts):
        formats.sort(key=lambda pattern: not pattern.startswith(_MONTH_FIRST))
    return tuple(formats)


def _second_number_varies_more(texts: pa.Array) -> bool:
    """True where rows in the order of time show the day in the second place."""
    parts = pc.extract_regex(texts, r"^\s*(?P<first>\d+)\D(?P<second>\d+)")
    first, second = (pc.count_distinct(pc.struct_field(parts, part)).as_py() for part in (0, 1))
    return bool(second > first)


def text_as_numbers(texts: pa.Array) -> pa.Array | None:
    """The texts as float64; None if one of them is no number, or all are missing."""
    if not pa.types.is_string(texts.type) or texts.null_count == len(texts):
        return None
    try:
        return pc.utf8_trim_whitespace(texts).cast(pa.float64())
    except pa.ArrowInvalid:
        return None


def fits_format(texts: pa.Array, pattern: str) -> bool:
    """True if every text has the format and most of the years are plausible."""
    times = pc.strptime(texts, format=pattern, unit="us", error_is_null=True)
    if times.null_count > texts.null_count:
        return False
    seconds = np.asarray(times.drop_null().cast(pa.int64())) // 10**6
    plausible = (seconds >= _EARLIEST_S) & (seconds < _LATEST_S)
    return bool(np.count_nonzero(plausible) * 2 >= len(seconds))


def settle_formats(settings: IngestSettings, formats: tuple[str, ...]) -> tuple[str, ...]:
    """Those formats that fit all timestamps, read until a single one is left.

    Raises
    ------
    DataError
        A file cannot be read.
    """
    source = open_source(settings)
    n_rows = 0
    for part in source.parts:
        for _, table in read_part(part, source.columns, settings, (TIMESTAMP,)):
            texts = table[TIMESTAMP].combine_chunks().cast(pa.string())
            fitting = tuple(pattern for pattern in formats if fits_format(texts, pattern))
            formats = fitting or formats  # where none fits, the check names the row
            n_rows += table.num_rows
            if not fitting or len(formats) == 1 or n_rows >= MAX_ROWS:
                return formats
    return formats
