"""Columns brought to canonical types; every row that is not used is counted by its reason."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cfdist.algorithms.namespace import namespace_of
from cfdist.errors import ConfigError, DataError
from cfdist.input.dates import parse_date
from cfdist.input.ids import is_missing, read_ids
from cfdist.input.numbers import read_numbers
from cfdist.input.source import Part
from cfdist.input.timestamps import read_times
from cfdist.schema import ARTICLE_ID, BASKET_ID, ID_COLUMNS, QUANTITY, TIMESTAMP, USER_ID
from cfdist.settings import IngestSettings

DAY_US = 86_400_000_000
EARLIEST_US = 315_532_800_000_000  # 1980-01-01
LATEST_US = 253_402_300_800_000_000  # the year 10000
NEWEST_DAYS = 60
MAX_QUANTITY = 2.0**53  # sums of 2³¹ such fit float32

USER_MISSING = "user missing (kept for baskets only)"
USER_MISSING_NO_BASKET = "user missing (no basket, or a return)"
ARTICLE_MISSING = "article missing"
QUANTITY_UNUSABLE = "quantity missing, not finite or over 2⁵³"
TIMESTAMP_MISSING = "timestamp missing"
TOO_EARLY = "timestamp before 1980 (wrong unit?)"
TOO_LATE = "timestamp after 9999 (wrong unit?)"
IN_THE_FUTURE = "timestamp in the future"
RETURNED = "return (negative quantity)"
NOTHING_TAKEN = "quantity zero"
BEFORE_FIRST_DATE = "before first_date"
AFTER_LAST_DATE = "on or after last_date"
NOT_SAMPLED = "not in the sample"
OUTSIDE = frozenset({BEFORE_FIRST_DATE, AFTER_LAST_DATE})
"""Rows that the dates in the settings leave out; nothing is wrong with them."""

_UNIT = 'store true timestamps, or set ingest.timestamp_unit = "s", "ms", "us" or "ns"'
_GUESTS = "check ingest.columns.user_id and basket_id; raise ingest.max_dropped_share for guests"
_DATES = "widen ingest.first_date … ingest.last_date, or leave them out"
_REMEDIES = {
    TOO_EARLY: _UNIT,
    TOO_LATE: _UNIT,
    USER_MISSING: _GUESTS,
    USER_MISSING_NO_BASKET: _GUESTS,
    BEFORE_FIRST_DATE: _DATES,
    AFTER_LAST_DATE: _DATES,
}


class Columns(NamedTuple):
    """Checked rows. A row without a user carries a null id and serves baskets only."""

    user_id: pa.Array
    article_id: pa.Array
    basket_id: pa.Array | None
    quantity: NDArray[np.float64]
    timestamp: NDArray[np.int64]


class Values(NamedTuple):
    """What is judged of each row; arrays on the host or a device.

    Attributes
    ----------
    no_user, no_article : bool
    no_basket : bool, or None without such a column
    quantity : float64, NaN where missing
    timestamp : int64 microseconds
    known : bool, which timestamps there are; None without such a column
    """

    no_user: NDArray[np.bool_]
    no_article: NDArray[np.bool_]
    no_basket: NDArray[np.bool_] | None
    quantity: NDArray[np.float64]
    timestamp: NDArray[np.int64]
    known: NDArray[np.bool_] | None


@dataclass
class RowCounts:
    """Rows read, rows used, rows dropped by reason with the first place of each.

    ``days`` has the purchases of each day since 1970, in UTC; ``host_reads`` why how many parts
    were read on the host in a run on devices.
    """

    rows_in: int = 0
    rows_used: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    first_timestamp: int | None = None
    last_timestamp: int | None = None
    days: dict[int, int] = field(default_factory=dict, compare=False)
    host_reads: dict[str, int] = field(default_factory=dict, compare=False)

    def drop(self, reason: str, rows: NDArray[np.bool_], part: Part, column: str = USER_ID) -> None:
        """Count the marked rows; ``column`` is the one to look at."""
        number = int(namespace_of(rows).count_nonzero(rows))
        if number:
            self.dropped[reason] = self.dropped.get(reason, 0) + number
            self.examples.setdefault(reason, part.place(column, int(rows.argmax())))

    def leave_out(self, rows_used: int) -> None:
        """Count so many rows that could be used as not sampled."""
        if rows_used:
            self.rows_used -= rows_used
            self.dropped[NOT_SAMPLED] = self.dropped.get(NOT_SAMPLED, 0) + rows_used

    def add(self, other: "RowCounts") -> None:
        """Add the counts of another part."""
        self.rows_in += other.rows_in
        self.rows_used += other.rows_used
        for reason, number in other.dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + number
        self.examples = other.examples | self.examples
        for name, choose in (("first_timestamp", min), ("last_timestamp", max)):
            known = [v for v in (getattr(self, name), getattr(other, name)) if v is not None]
            setattr(self, name, choose(known) if known else None)
        for name in ("days", "host_reads"):
            mine = getattr(self, name)
            for key, number in getattr(other, name).items():
                mine[key] = mine.get(key, 0) + number

    def count_days(self, timestamp: NDArray[np.int64]) -> None:
        """Count purchases by day."""
        xp = namespace_of(timestamp)
        day = timestamp // DAY_US
        first = int(day.min())
        numbers = xp.bincount(day - first)
        known = xp.flatnonzero(numbers)
        self.days = dict(zip((known + first).tolist(), numbers[known].tolist(), strict=True))

    def newest_days(self) -> dict[str, int]:
        """Purchases of the newest days, by ISO date; days without any are left out."""
        newest = sorted(self.days)[-NEWEST_DAYS:]
        return {str(np.datetime64(day, "D")): self.days[day] for day in newest}

    @property
    def rows_dropped(self) -> int:
        """Rows that cannot be used, sampling and the settings' dates aside."""
        left_out = OUTSIDE | {NOT_SAMPLED}
        return sum(n for reason, n in self.dropped.items() if reason not in left_out)

    @property
    def rows_outside(self) -> int:
        """Rows outside the settings' dates."""
        return sum(self.dropped.get(reason, 0) for reason in OUTSIDE)

    @property
    def remedy(self) -> str:
        """What to do about the reason that drops most rows; dates only where there is no other."""
        left_out = {NOT_SAMPLED} if not self.rows_dropped else OUTSIDE | {NOT_SAMPLED}
        dropped = {reason: n for reason, n in self.dropped.items() if reason not in left_out}
        worst = max(dropped, key=lambda reason: dropped[reason], default="")
        return _REMEDIES.get(worst, "mend the input, or raise ingest.max_dropped_share")


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
        A column of the wrong kind: names file, column and row.
    """
    ids = {
        name: read_ids(table[name].combine_chunks(), name, id_types[name], part)
        for name in ID_COLUMNS
        if name in table.column_names
    }
    quantity = _quantities(table, part)
    timestamp, known = np.zeros(table.num_rows, dtype=np.int64), None
    if TIMESTAMP in table.column_names:
        timestamp, known = read_times(table[TIMESTAMP].combine_chunks(), part, settings)
    no_basket = is_missing(ids[BASKET_ID]) if BASKET_ID in ids else None
    values = Values(
        is_missing(ids[USER_ID]), is_missing(ids[ARTICLE_ID]), no_basket, quantity, timestamp, known
    )  # fmt: skip
    keep, counts = judge(values, part, settings, now_us)
    columns = Columns(ids[USER_ID], ids[ARTICLE_ID], ids.get(BASKET_ID), quantity, timestamp)
    return (columns if keep.all() else take_rows(columns, keep)), counts


def judge(
    values: Values, part: Part, settings: IngestSettings, now_us: int
) -> tuple[NDArray[np.bool_], RowCounts]:
    """Mask of the usable rows, and all rows counted; on the host or a device."""
    xp = namespace_of(values.quantity)
    quantity, timestamp = values.quantity, values.timestamp
    counts = RowCounts(rows_in=len(quantity))
    keep: NDArray[np.bool_] = xp.ones(len(quantity), dtype=bool)

    def drop(reason: str, bad: NDArray[np.bool_], column: str, *, remove: bool = True) -> None:
        counts.drop(reason, bad & keep, part, column)
        if remove:
            xp.logical_and(keep, ~bad, out=keep)

    drop(ARTICLE_MISSING, values.no_article, ARTICLE_ID)
    drop(QUANTITY_UNUSABLE, ~(abs(quantity) <= MAX_QUANTITY), QUANTITY)
    if values.known is not None:
        drop(TIMESTAMP_MISSING, ~values.known, TIMESTAMP)
        drop(TOO_EARLY, timestamp < EARLIEST_US, TIMESTAMP)
        drop(TOO_LATE, timestamp >= LATEST_US, TIMESTAMP)
        drop(IN_THE_FUTURE, timestamp > now_us + DAY_US, TIMESTAMP)
        first_us, last_us = date_window(settings)
        drop(BEFORE_FIRST_DATE, timestamp < first_us, TIMESTAMP)
        drop(AFTER_LAST_DATE, timestamp >= last_us, TIMESTAMP)
    no_user, no_basket = values.no_user, values.no_basket
    useless = no_user if no_basket is None else no_user & (no_basket | (quantity <= 0))
    drop(USER_MISSING_NO_BASKET, useless, USER_ID)
    drop(USER_MISSING, no_user, USER_ID, remove=False)
    drop(RETURNED, quantity < 0, QUANTITY, remove=False)
    drop(NOTHING_TAKEN, quantity == 0, QUANTITY, remove=False)
    counts.rows_used = counts.rows_in - counts.rows_dropped - counts.rows_outside
    if values.known is not None and bool(keep.any()):
        counts.count_days(timestamp[keep])
        counts.first_timestamp = int(timestamp[keep].min())
        counts.last_timestamp = int(timestamp[keep].max())
    return keep, counts


def take_rows(rows: Columns, kept: NDArray[np.bool_]) -> Columns:
    """The rows that the mask marks."""
    mask = pa.array(kept)
    basket = rows.basket_id.filter(mask) if rows.basket_id is not None else None
    return Columns(
        rows.user_id.filter(mask), rows.article_id.filter(mask), basket,
        rows.quantity[kept], rows.timestamp[kept],
    )  # fmt: skip


def date_window(settings: IngestSettings) -> tuple[int, int]:
    """Microseconds of ``first_date``, and of ``last_date``, which is the first not to be read.

    Raises
    ------
    ConfigError
        One of them is no date, or nothing lies between them.
    """
    first_us, last_us = EARLIEST_US, LATEST_US
    if settings.first_date is not None:
        first_us = parse_date(settings.first_date, "ingest.first_date")
    if settings.last_date is not None:
        last_us = parse_date(settings.last_date, "ingest.last_date")
    if settings.first_date is not None and first_us >= last_us:
        raise ConfigError(
            f"ingest.first_date = {settings.first_date!r} is not before "
            f"ingest.last_date = {settings.last_date!r}",
            remedy="correct one of them; rows on last_date itself are left out",
        )
    return first_us, last_us


def _quantities(table: pa.Table, part: Part) -> NDArray[np.float64]:
    """One of each without such a column; NaN where missing."""
    if QUANTITY not in table.column_names:
        return np.ones(table.num_rows)
    values = table[QUANTITY].combine_chunks()
    numbers = read_numbers(values, QUANTITY, part)
    if numbers is None:
        remedy = "cast the column, or leave it out with ingest.columns.quantity = ''"
        raise part.error(QUANTITY, 0, None, f"is {values.type}, a number is needed", remedy)
    return numbers


def require_two(n_users: int, n_articles: int) -> None:
    """Nothing, where there are two users and two articles to compare.

    Raises
    ------
    DataError
        Names what is too few, and the column to look at.
    """
    for number, what in ((n_users, "user"), (n_articles, "article")):
        if number < 2:
            raise DataError(
                f"the input has {number} {what}{'' if number == 1 else 's'}; "
                "recommendations need at least 2",
                remedy=f"check which column ingest.columns.{what}_id names",
            )
