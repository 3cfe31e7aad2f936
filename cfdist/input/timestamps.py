"""Times as microseconds since 1970 UTC, whatever they are stored as."""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cfdist.algorithms.namespace import namespace_of
from cfdist.errors import DataError
from cfdist.input.numbers import blank_to_null, read_numbers
from cfdist.input.source import Part, id_kind
from cfdist.schema import TIMESTAMP
from cfdist.settings import IngestSettings

MICROSECONDS = {"day": 86_400_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
NANOSECONDS_PER_US = 1_000
FURTHEST_US = 2**62
"""Times further away, 146,000 years from now, are held here instead of wrapping around."""

SHORTHANDS = {
    "%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%T": "%H:%M:%S", "%R": "%H:%M", "%r": "%I:%M:%S %p",
    "%e": "%d", "%h": "%b", "%n": " ", "%t": " ",
}  # fmt: skip
"""Directives that Arrow knows and Python does not."""

ZONE = r"\d[T ]\d\d.*(Z|[+-]\d\d(:?\d\d)?)$"
LEAVE_OUT = "or leave the column out with ingest.columns.timestamp = ''"

Times = tuple[NDArray[np.int64], NDArray[np.bool_]]


def read_times(values: pa.Array, part: Part, settings: IngestSettings) -> Times:
    """Microseconds since 1970 UTC, and which of them are known.

    Raises
    ------
    DataError
        The column holds no times, or a text has another format: names file, column and row.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind, unit = values.type, settings.timestamp_unit
    is_text, text_only = id_kind(kind) == "string", part.is_text(TIMESTAMP)
    if pa.types.is_null(kind):
        return np.zeros(len(values), dtype=np.int64), np.zeros(len(values), dtype=bool)
    if pa.types.is_timestamp(kind):
        return _of_integers(values.cast(pa.int64()), kind.unit)
    if pa.types.is_date32(kind):
        return _of_integers(values.cast(pa.int32()), "day")
    if pa.types.is_date64(kind):
        return _of_integers(values.cast(pa.int64()), "ms")
    if pa.types.is_integer(kind) and unit:
        return _of_integers(values, unit)
    if unit and (pa.types.is_floating(kind) or (is_text and text_only)):
        return _of_floats(values, part, unit)
    if is_text and (settings.timestamp_format or text_only):
        return _of_texts(values.cast(pa.string()), part, settings.timestamp_format or "iso")
    raise _unfit(values, part)


def _unfit(values: pa.Array, part: Part) -> DataError:
    if id_kind(values.type) == "string":
        known = np.flatnonzero(pc.is_valid(values))
        row = int(known[0]) if len(known) else 0
        shown = values[row] if len(known) else None
        remedy = f"set ingest.timestamp_format, such as 'iso' or '%d/%m/%Y %H:%M', {LEAVE_OUT}"
        return part.error(TIMESTAMP, row, shown, "is text", remedy)
    remedy = f'cast it, set ingest.timestamp_unit = "s", "ms", "us" or "ns", {LEAVE_OUT}'
    return part.error(TIMESTAMP, 0, None, f"is {values.type}, a timestamp is needed", remedy)


def _of_integers(values: pa.Array, unit: str) -> Times:
    numbers = np.asarray(values.fill_null(0))
    return micros_of_integers(numbers, unit), np.asarray(pc.is_valid(values))


def _of_floats(values: pa.Array, part: Part, unit: str) -> Times:
    numbers = read_numbers(values, TIMESTAMP, part)
    assert numbers is not None  # the caller knows that these are numbers
    return micros_of_floats(numbers, unit), ~np.isnan(numbers)


def micros_of_integers(numbers: NDArray[np.integer], unit: str) -> NDArray[np.int64]:
    """Microseconds of whole numbers of ``unit``, on the host or a device."""
    xp = namespace_of(numbers)
    if numbers.dtype == np.uint64:
        numbers = xp.minimum(numbers, np.uint64(2**63 - 1))
    micros: NDArray[np.int64] = numbers.astype(np.int64)
    if unit == "ns":
        return micros // NANOSECONDS_PER_US
    limit = FURTHEST_US // MICROSECONDS[unit]
    near: NDArray[np.int64] = xp.clip(micros, -limit, limit)
    return near * MICROSECONDS[unit]


def micros_of_floats(numbers: NDArray[np.float64], unit: str) -> NDArray[np.int64]:
    """Microseconds of numbers of ``unit``, 0 of NaN; on the host or a device."""
    xp = namespace_of(numbers)
    factor = 1 / NANOSECONDS_PER_US if unit == "ns" else MICROSECONDS[unit]
    known = xp.where(xp.isnan(numbers), 0, numbers)
    micros: NDArray[np.int64]
    micros = xp.rint(xp.clip(known * factor, -FURTHEST_US, FURTHEST_US)).astype(np.int64)
    return micros


def _of_texts(texts: pa.Array, part: Part, pattern: str) -> Times:
    """The first text that does not fit is an error; an empty one is a missing time."""
    texts = blank_to_null(texts)
    times = _parse_iso(texts) if pattern == "iso" else _parse(texts, pattern)
    known = np.asarray(pc.is_valid(texts))
    wrong = known & np.asarray(pc.is_null(times))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise part.error(
            TIMESTAMP, row, texts[row], f"does not have the format {pattern!r}",
            "set ingest.timestamp_format to the format of the file, or correct the row",
        )  # fmt: skip
    return np.asarray(times.fill_null(0)), known


def _parse(texts: pa.Array, pattern: str) -> pa.Array:
    """Microseconds; null where the text has another format or names a day that there is not."""
    times = pc.strptime(texts, format=pattern, unit="us", error_is_null=True)
    micros = times.cast(pa.int64())
    # strptime turns 31 February into 2 or 3 March; only first days of a month can be such
    doubtful = pc.and_(pc.less_equal(pc.day(times), 3), pc.greater(pc.month(times), 2))
    distinct = pc.unique(texts.filter(pc.fill_null(doubtful, False)))
    for short, long in SHORTHANDS.items():
        pattern = pattern.replace(short, long)
    impossible = [text for text in distinct.to_pylist() if _names_no_day(text, pattern)]
    if not impossible:
        return micros
    bad = pc.is_in(texts, value_set=pa.array(impossible, pa.string()))
    return pc.if_else(bad, pa.scalar(None, pa.int64()), micros)


def _names_no_day(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)
    except ValueError as error:
        return "day is out of range" in str(error)
    return False


def _parse_iso(texts: pa.Array) -> pa.Array:
    """Microseconds; a text without a zone is UTC. Null where the text is not ISO 8601."""
    zoned = pc.fill_null(pc.match_substring_regex(texts, ZONE), False)
    plain = _cast(pc.if_else(zoned, pa.scalar(None, pa.string()), texts), pa.timestamp("us"))
    if not pc.any(zoned).as_py():
        return plain
    in_zone = pc.if_else(zoned, texts, pa.scalar(None, pa.string()))
    return pc.coalesce(plain, _cast(in_zone, pa.timestamp("us", tz="UTC")))


def _cast(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Microseconds; texts one by one where one of them does not parse, on the way to an error."""
    try:
        return texts.cast(kind).cast(pa.int64())
    except pa.ArrowInvalid:
        return pa.array([_cast_one(text, kind) for text in texts], pa.int64())


def _cast_one(text: pa.Scalar, kind: pa.DataType) -> int | None:
    try:
        return text.cast(kind).cast(pa.int64()).as_py()  # type: ignore[no-any-return]
    except pa.ArrowInvalid:
        return None
