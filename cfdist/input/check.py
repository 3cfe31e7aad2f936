"""Columns brought to canonical types; every row that is not used is counted by its reason."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cfdist.config import IngestSettings
from cfdist.errors import DataError
from cfdist.input.source import Part, id_kind
from cfdist.schema import (
    ARTICLE_ID,
    BASKET_ID,
    ID_COLUMNS,
    MAX_ID_BYTES,
    QUANTITY,
    TIMESTAMP,
    USER_ID,
)

MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 1}
DAY_US = 86_400_000_000
EARLIEST_US = 315_532_800_000_000  # 1980-01-01

USER_MISSING = "user missing (kept for baskets only)"
USER_MISSING_NO_BASKET = "user missing"
ARTICLE_MISSING = "article missing"
QUANTITY_UNUSABLE = "quantity missing or not finite"
TIMESTAMP_MISSING = "timestamp missing"
IN_THE_FUTURE = "timestamp in the future"
RETURNED = "return (negative quantity)"
NOTHING_TAKEN = "quantity zero"
NOT_SAMPLED = "not in the sample"


class Columns(NamedTuple):
    """Checked rows. A row without a user carries a null id and serves baskets only."""

    user_id: pa.Array
    article_id: pa.Array
    basket_id: pa.Array | None
    quantity: NDArray[np.float64]
    timestamp: NDArray[np.int64]


@dataclass
class RowCounts:
    """Rows read, rows used, rows dropped by reason with the first place of each."""

    rows_in: int = 0
    rows_used: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    first_timestamp: int | None = None
    last_timestamp: int | None = None

    def drop(self, reason: str, rows: NDArray[np.bool_], part: Part) -> None:
        """Count the marked rows."""
        number = int(np.count_nonzero(rows))
        if number:
            self.dropped[reason] = self.dropped.get(reason, 0) + number
            where = f"{part.url}, row {part.first_row + int(np.argmax(rows))}"
            self.examples.setdefault(reason, where)

    def add(self, other: "RowCounts") -> None:
        """Add the counts of another part."""
        self.rows_in += other.rows_in
        self.rows_used += other.rows_used
        for reason, number in other.dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + number
            self.examples.setdefault(reason, other.examples[reason])
        for name, choose in (("first_timestamp", min), ("last_timestamp", max)):
            known = [v for v in (getattr(self, name), getattr(other, name)) if v is not None]
            setattr(self, name, choose(known) if known else None)

    @property
    def rows_dropped(self) -> int:
        """Rows not used, sampling aside."""
        return sum(n for reason, n in self.dropped.items() if reason != NOT_SAMPLED)


def check_rows(
    table: pa.Table,
    part: Part,
    id_types: dict[str, pa.DataType],
    settings: IngestSettings,
    now_us: int,
) -> tuple[Columns, RowCounts]:
    """Canonical columns of the usable rows and the count of the others.

    Parameters
    ----------
    table : pa.Table
        Columns under canonical names, as read.
    now_us : int
        Microseconds since 1970 UTC; rows more than a day later are in the future.

    Raises
    ------
    DataError
        A column of the wrong kind or unit: names file, column and row.
    """
    counts = RowCounts(rows_in=table.num_rows)
    ids = {
        name: _ids(table[name].combine_chunks(), name, id_types[name], part)
        for name in ID_COLUMNS
        if name in table.column_names
    }
    quantity = _quantities(table, part)
    timestamp, known_time = _timestamps(table, part, settings, now_us)
    keep = np.ones(table.num_rows, dtype=bool)

    def drop(reason: str, bad: NDArray[np.bool_], *, remove: bool = True) -> None:
        counts.drop(reason, bad & keep, part)
        if remove:
            np.logical_and(keep, ~bad, out=keep)

    drop(ARTICLE_MISSING, _missing(ids[ARTICLE_ID]))
    drop(QUANTITY_UNUSABLE, ~np.isfinite(quantity))
    drop(TIMESTAMP_MISSING, ~known_time)
    drop(IN_THE_FUTURE, timestamp > now_us + DAY_US)
    no_user = _missing(ids[USER_ID])
    no_basket = _missing(ids[BASKET_ID]) if BASKET_ID in ids else np.ones(len(keep), dtype=bool)
    drop(USER_MISSING_NO_BASKET, no_user & (no_basket | (quantity <= 0)))
    drop(USER_MISSING, no_user, remove=False)
    drop(RETURNED, ~no_user & (quantity < 0), remove=False)
    drop(NOTHING_TAKEN, ~no_user & (quantity == 0), remove=False)
    counts.rows_used = counts.rows_in - counts.rows_dropped
    if known_time.any() and TIMESTAMP in table.column_names and keep.any():
        counts.first_timestamp = int(timestamp[keep].min())
        counts.last_timestamp = int(timestamp[keep].max())
    kept = pa.array(keep)
    basket = ids[BASKET_ID].filter(kept) if BASKET_ID in ids else None
    return Columns(
        ids[USER_ID].filter(kept),
        ids[ARTICLE_ID].filter(kept),
        basket,
        quantity[keep],
        timestamp[keep],
    ), counts


def _missing(ids: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.is_null(ids))


def _ids(values: pa.Array, name: str, wanted: pa.DataType, part: Part) -> pa.Array:
    """Ids as int64 or string; an empty string is a missing id."""
    kind = id_kind(values.type)
    if kind == "null":
        return pa.nulls(len(values), wanted)
    if kind == "float":
        values = _whole(values, name, part)
    try:
        ids = values.cast(wanted)
    except pa.ArrowInvalid:
        row = int(np.argmax(np.asarray(pc.greater(values, 2**63 - 1))))
        raise _bad(part, name, row, values[row], "does not fit int64") from None
    if pa.types.is_string(wanted):
        lengths = pc.fill_null(pc.binary_length(ids), 0)
        if len(ids) and pc.max(lengths).as_py() > MAX_ID_BYTES:
            row = pc.index(lengths, pc.max(lengths)).as_py()
            size = lengths[row].as_py()
            raise _bad(part, name, row, None, f"has {size} bytes, at most {MAX_ID_BYTES} fit")
        ids = pc.if_else(pc.equal(lengths, 0), pa.scalar(None, wanted), ids)
    return ids


def _whole(values: pa.Array, name: str, part: Part) -> pa.Array:
    numbers = np.asarray(values.cast(pa.float64()).fill_null(0))
    bad = ~((np.floor(numbers) == numbers) & (np.abs(numbers) <= 2**53)) & ~np.isnan(numbers)
    if bad.any():
        row = int(np.argmax(bad))
        raise _bad(part, name, row, numbers[row], "is not a whole number", "cast it to string")
    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)


def _quantities(table: pa.Table, part: Part) -> NDArray[np.float64]:
    if QUANTITY not in table.column_names:
        return np.ones(table.num_rows)
    values = table[QUANTITY].combine_chunks()
    kind = values.type
    if pa.types.is_string(kind) and part.format == "csv":
        values = _csv_numbers(values, QUANTITY, part)
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise _bad(part, QUANTITY, 0, None, f"is {kind}, a number is needed", "cast the column")
    return np.array(values.cast(pa.float64(), safe=False).fill_null(np.nan))


def _csv_numbers(values: pa.Array, column: str, part: Part) -> pa.Array:
    try:
        return pc.cast(pc.utf8_trim_whitespace(values), pa.float64())
    except pa.ArrowInvalid:
        for row, text in enumerate(values.to_pylist()):
            try:
                float(text or "nan")
            except ValueError:
                raise _bad(part, column, row, text, "is not a number") from None
        raise


def _timestamps(
    table: pa.Table, part: Part, settings: IngestSettings, now_us: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Microseconds since 1970 UTC and which of them are known."""
    n_rows = table.num_rows
    if TIMESTAMP not in table.column_names:
        return np.zeros(n_rows, dtype=np.int64), np.ones(n_rows, dtype=bool)
    values = table[TIMESTAMP].combine_chunks()
    known = ~_missing(values)
    micros = np.array(_to_micros(values, part, settings).fill_null(0), dtype=np.int64)
    _refuse_wrong_unit(micros[known], part, now_us)
    return micros, known


def _to_micros(values: pa.Array, part: Part, settings: IngestSettings) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if part.format == "csv" and settings.timestamp_unit:
        values = _csv_numbers(values, TIMESTAMP, part).cast(pa.int64(), safe=False)
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return values.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    if pa.types.is_integer(kind) and settings.timestamp_unit:
        unit = settings.timestamp_unit
        if unit == "ns":
            return pc.divide(values.cast(pa.int64()), 1000)
        return pc.multiply(values.cast(pa.int64()), MICROSECONDS[unit])
    pattern = settings.timestamp_format or ("iso" if part.format == "csv" else None)
    if id_kind(kind) == "string" and pattern:
        return _parse(values.cast(pa.string()), part, pattern)
    if id_kind(kind) == "string":
        remedy = "set ingest.timestamp_format, for example 'iso' or '%d/%m/%Y %H:%M'"
        raise _bad(part, TIMESTAMP, 0, values[0] if len(values) else None, "is text", remedy)
    remedy = 'cast it, or set ingest.timestamp_unit = "s", "ms", "us" or "ns"'
    raise _bad(part, TIMESTAMP, 0, None, f"is {kind}, a timestamp is needed", remedy)


def _parse(texts: pa.Array, part: Part, pattern: str) -> pa.Array:
    """Text → microseconds; the first text that does not fit is an error."""
    if pattern == "iso":
        try:
            return texts.cast(pa.timestamp("us")).cast(pa.int64())
        except pa.ArrowInvalid:
            times = _parse_rows(texts)
    else:
        times = pc.strptime(texts, format=pattern, unit="us", error_is_null=True)
    wrong = np.asarray(pc.and_(pc.is_null(times), pc.is_valid(texts)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise _bad(
            part, TIMESTAMP, row, texts[row], f"does not have the format {pattern!r}",
            "set ingest.timestamp_format to the format of the file",
        )  # fmt: skip
    return times.cast(pa.int64())


def _parse_rows(texts: pa.Array) -> pa.Array:
    """ISO texts one by one, null where one does not parse; only on the way to an error."""
    times: list[object] = []
    for text in texts:
        try:
            times.append(text.cast(pa.timestamp("us")).as_py())
        except pa.ArrowInvalid:
            times.append(None)
    return pa.array(times, pa.timestamp("us"))


def _refuse_wrong_unit(micros: NDArray[np.int64], part: Part, now_us: int) -> None:
    """More than half before 1980 or after tomorrow is a wrong unit, not a few bad rows."""
    if not len(micros):
        return
    early = micros < EARLIEST_US
    late = micros > now_us + DAY_US
    for odd, when in ((early, "before 1980"), (late, "in the future")):
        if np.count_nonzero(odd) * 2 > len(micros):
            row = int(np.argmax(odd))
            raise _bad(
                part, TIMESTAMP, row, str(np.datetime64(int(micros[row]), "us")),
                f"lies {when}, like more than half of the part: the unit looks wrong",
                'store true timestamps, or integers with ingest.timestamp_unit = "s" or "ms"',
            )  # fmt: skip


def _bad(
    part: Part, column: str, row: int, value: object, problem: str, remedy: str = ""
) -> DataError:
    shown = value.as_py() if isinstance(value, pa.Scalar) else value
    shown = f" {str(shown)!r}" if shown is not None else ""
    name = part.names.get(column, column)
    where = f"{part.url}: column {name!r}, row {part.first_row + row}:"
    return DataError(f"{where}{shown} {problem}", remedy=remedy or "correct or remove the row")
