"""Which column of an unknown table holds what, and why: by its name, then by its values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cfdist.config import Columns
from cfdist.errors import DataError
from cfdist.input.source import id_kind, nearest_name
from cfdist.schema import (
    ARTICLE_ID,
    BASKET_ID,
    INTERACTION_COLUMNS,
    QUANTITY,
    REQUIRED_COLUMNS,
    TIMESTAMP,
    USER_ID,
)

OPTIONS: Final = {
    USER_ID: "--user",
    ARTICLE_ID: "--article",
    BASKET_ID: "--basket",
    QUANTITY: "--quantity",
    TIMESTAMP: "--timestamp",
}
_BASKETS: Final = (
    "basket order invoice receipt transaction transact trans txn ticket bill purchase cart "
    "session visit trip"
)
_NOUNS: Final = {
    USER_ID: "user customer cust client member household hshd visitor account shopper buyer "
    "subscriber guest person player reader listener viewer uid",
    ARTICLE_ID: "article product prod item stock sku asin ean gtin upc plu isbn material movie "
    "film book track song artist album game app video recipe course venue place business listing",
    BASKET_ID: _BASKETS,
    QUANTITY: "quantity qty units pieces pcs count copies",
    TIMESTAMP: "timestamp datetime date time ts created at day dt dat epoch unixtime",
}
_SUFFIXES: Final = "id no nr num number code key uuid guid hash ref sk idx index"
_ALREADY_IDS: Final = "uid sku asin ean gtin upc plu isbn"
_NEVER_ALONE: Final = "stock prod trans"  # "stock" is what lies on the shelf
_TIME_HEADS: Final = f"{_BASKETS} event sale sales created rating review unix"
_OTHER_TIMES: Final = (
    "birth ship shipping shipped deliver delivery delivered due update updated modified register "
    "registered registration signup expiry expires end valid load loaded"
)
_EVENTS: Final = "event eventtype action actiontype behavior behaviour behaviortype"

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


@dataclass(frozen=True)
class Guess:
    """The column of one role, or none, with the reason and what else it might have been."""

    column: str | None
    reason: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guesses:
    """What :func:`guess_columns` made of a table.

    Attributes
    ----------
    roles : dict
        Canonical name → guess, all five of them.
    timestamp_formats : tuple of str
        ``iso`` or strptime formats that fit the whole sample, the likeliest first; more than one
        is an ambiguity that only more rows can settle.
    timestamp_unit : str, optional
        Unit of integers since 1970.
    notes : tuple of str
        What the user should know besides.
    """

    roles: Mapping[str, Guess]
    timestamp_formats: tuple[str, ...] = ()
    timestamp_unit: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> Columns:
        """The mapping as settings; a role without a column is set to none."""
        return Columns.model_validate({role: guess.column for role, guess in self.roles.items()})


class TimeReading(NamedTuple):
    """How a column is read as time."""

    formats: tuple[str, ...]
    unit: str | None
    reason: str


def guess_columns(
    schema: pa.Schema,
    sample: pa.Table,
    given: Mapping[str, str] | None = None,
    *,
    is_csv: bool = False,
) -> Guesses:
    """The column of each role and the options that reading them needs.

    Parameters
    ----------
    schema : pa.Schema
        Columns of the input as stored; all are text in csv.
    sample : pa.Table
        Some of its rows, with those columns.
    given : mapping, optional
        Canonical name → column, which the user has named; empty: the input has none.
    is_csv : bool
        Numbers that are text can then be read.

    Raises
    ------
    DataError
        No column for the user or the article, or a given column that cannot be it.

    Examples
    --------
    >>> table = pa.table({"Customer ID": [1, 1], "StockCode": ["a", "b"], "Qty": [1, 2]})
    >>> guess_columns(table.schema, table).columns.named()
    {'user_id': 'Customer ID', 'article_id': 'StockCode', 'quantity': 'Qty'}
    """
    table = _Sample(schema, sample, is_csv)
    roles = {role: _given(role, name, table) for role, name in (given or {}).items()}
    notes: list[str] = []
    for role in INTERACTION_COLUMNS:
        if role not in roles:
            found = _by_name(role, table, _taken(roles), notes)
            if found:
                roles[role] = found
    _guess_time_by_type(roles, table)
    _guess_ids_by_values(roles, table)
    for role in INTERACTION_COLUMNS:
        if role not in roles:
            _refuse_missing(role, table, notes)
            roles[role] = Guess(None, "no column looks like it")
    time = roles[TIMESTAMP].column
    reading = table.time(time) if time else None
    if reading:
        reason = f"{roles[TIMESTAMP].reason}; {reading.reason}"
        roles[TIMESTAMP] = Guess(time, reason, roles[TIMESTAMP].alternatives)
    return Guesses(
        {role: roles[role] for role in INTERACTION_COLUMNS},
        reading.formats if reading else (),
        reading.unit if reading else None,
        (*notes, *_notes(roles, table)),
    )


class _Sample:
    """Columns of the sample and what each of them can be."""

    def __init__(self, schema: pa.Schema, rows: pa.Table, is_csv: bool) -> None:
        # a name that occurs twice cannot be read, so nothing is guessed of it
        self.names = [name for name in schema.names if schema.names.count(name) == 1]
        self.all_names = list(schema.names)
        self.types = {name: schema.field(name).type for name in self.names}
        self.values = {name: _plain(rows[name]) for name in self.names}
        self.is_csv = is_csv
        self.n_rows = rows.num_rows
        self._codes: dict[str, NDArray[np.int64]] = {}

    def can_be(self, role: str, name: str) -> bool:
        """True if the type of the column fits the role."""
        if role == TIMESTAMP:
            return self.time(name) is not None
        if role == QUANTITY:
            return self._is_number(name)
        kind = id_kind(self.types[name])
        if kind == "float":
            return pc.all(_is_whole(self.values[name])).as_py() is not False
        return kind in ("int", "string")

    def time(self, name: str) -> TimeReading | None:
        """How the column is read as time; None if it cannot be."""
        return read_time(self.types[name], self.values[name], is_csv=self.is_csv)

    def is_digits(self, name: str) -> bool:
        """True for numbers and for text without anything but digits."""
        values = self.values[name]
        if not pa.types.is_string(values.type):
            return not (pa.types.is_timestamp(values.type) or pa.types.is_date(values.type))
        return _all_match(values, r"^\d+$")

    def distinct(self, *names: str) -> int:
        """Number of distinct values, or pairs of values."""
        codes = self._encoded(names[0])
        for name in names[1:]:
            codes = codes * (self.n_rows + 1) + self._encoded(name)
        return len(np.unique(codes))

    def determines(self, one: str, other: str) -> bool:
        """True if rows that agree in ``one`` agree in ``other``."""
        return self.distinct(one, other) == self.distinct(one)

    def _encoded(self, name: str) -> NDArray[np.int64]:
        if name not in self._codes:
            indices = pc.dictionary_encode(self.values[name]).indices
            self._codes[name] = np.asarray(indices.fill_null(self.n_rows), dtype=np.int64)
        return self._codes[name]

    def _is_number(self, name: str) -> bool:
        kind = self.types[name]
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return True
        return self.is_csv and _numbers(self.values[name]) is not None

    @cached_property
    def ids(self) -> list[str]:
        """Columns that may be ids by what they hold: neither constant nor unique nor dates."""
        ids = [name for name in self.names if self.can_be(USER_ID, name)]
        ids = [name for name in ids if self.is_digits(name) or self.time(name) is None]
        return [name for name in ids if 1 < self.distinct(name) < self.n_rows]


def _plain(column: pa.ChunkedArray) -> pa.Array:
    values = column.combine_chunks()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return values.cast(pa.string()) if id_kind(values.type) == "string" else values


def _all_match(texts: pa.Array, pattern: str) -> bool:
    """True if there are texts and all of them match."""
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def _is_whole(values: pa.Array) -> pa.Array:
    values = values.cast(pa.float64())
    return pc.or_(pc.is_nan(values), pc.equal(pc.floor(values), values))


def _numbers(texts: pa.Array) -> pa.Array | None:
    if not pa.types.is_string(texts.type) or texts.null_count == len(texts):
        return None
    try:
        return pc.utf8_trim_whitespace(texts).cast(pa.float64())
    except pa.ArrowInvalid:
        return None


def _given(role: str, name: str, table: _Sample) -> Guess:
    if not name:
        if role in REQUIRED_COLUMNS:
            raise DataError(f"{OPTIONS[role]} is empty", remedy=f"name the column of the {role}")
        return Guess(None, f"left out with {OPTIONS[role]}")
    if name not in table.names:
        close = nearest_name(name, table.names)
        hint = f"did you mean {OPTIONS[role]} {close!r}?" if close else "name one of these"
        raise DataError(f"there is no column {name!r}; {_have(table)}", remedy=hint)
    if not table.can_be(role, name):
        remedy = "choose another column, or convert this one"
        raise DataError(f"{OPTIONS[role]} {name!r}: {_unfit(role, name, table)}", remedy=remedy)
    return Guess(name, f"named with {OPTIONS[role]}")


def _unfit(role: str, name: str, table: _Sample) -> str:
    kind, values = table.types[name], table.values[name].drop_null()
    shown = f", such as {values[0].as_py()!r}" if len(values) else ", all empty"
    needed = {TIMESTAMP: "a date in a known format", QUANTITY: "a number"}
    return f"it holds {kind}{shown}, and {needed.get(role, 'an integer or text')} is needed"


def _have(table: _Sample) -> str:
    twice = sorted(set(table.all_names) - set(table.names))
    again = f" ({', '.join(twice)} more than once)" if twice else ""
    return f"the columns are {', '.join(dict.fromkeys(table.all_names))}{again}"


def _taken(roles: Mapping[str, Guess]) -> set[str | None]:
    return {guess.column for guess in roles.values()}


def _by_name(role: str, table: _Sample, taken: set[str | None], notes: list[str]) -> Guess | None:
    """The column whose name fits best; a fitting name with an unfit type becomes a note."""
    ranks = {name: _rank(role, name) for name in table.names if name not in taken}
    ranked = sorted((rank, name) for name, rank in ranks.items() if rank is not None)
    usable = [name for _, name in ranked if table.can_be(role, name)]
    if usable:
        return Guess(usable[0], "by its name", tuple(usable[1:4]))
    for _, name in ranked[:1]:
        notes.append(f"{name!r} is named like the {role}, but {_unfit(role, name, table)}")
    return None


def _rank(role: str, name: str) -> tuple[int, ...] | None:
    """How well a name fits, small is better; None: not at all."""
    if name == role:
        return (-1,)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    words = [word.lower() for word in words]
    for start in range(len(words)):
        rest = "".join(words[start:])
        found = _rank_time(rest) if role == TIMESTAMP else _rank_noun(role, rest)
        if found is not None:
            odd = role == TIMESTAMP and not set(_OTHER_TIMES.split()).isdisjoint(words)
            return (int(odd), int(start > 0), *found)
    return None


def _rank_noun(role: str, word: str) -> tuple[int, int] | None:
    for place, noun in enumerate(_NOUNS[role].split()):
        if not word.startswith(noun):
            continue
        suffix = word[len(noun) :]
        if suffix == "" and noun not in _NEVER_ALONE.split():
            return (0 if noun in _ALREADY_IDS.split() else 2, place)
        if suffix in _SUFFIXES.split() and role != QUANTITY:
            return (0 if suffix in ("id", "uuid") else 1, place)
    return None


def _rank_time(word: str) -> tuple[int, int] | None:
    for place, noun in enumerate(_NOUNS[TIMESTAMP].split()):
        head = word.removesuffix(noun)
        if head != word and (not head or head in _TIME_HEADS.split()):
            return (0 if head else 1, place)
    return None


def _guess_time_by_type(roles: dict[str, Guess], table: _Sample) -> None:
    if TIMESTAMP in roles:
        return
    free = [name for name in table.names if name not in _taken(roles)]
    dates = [name for name in free if not table.is_digits(name) and table.time(name)]
    if dates:
        roles[TIMESTAMP] = Guess(dates[0], "the first column of dates", tuple(dates[1:4]))


def _guess_ids_by_values(roles: dict[str, Guess], table: _Sample) -> None:
    """User, article and basket, each told apart by which column determines which."""
    if USER_ID not in roles:
        _guess_user_by_values(roles, table)
    user = roles[USER_ID].column if USER_ID in roles else None
    if user is None:
        return
    if ARTICLE_ID not in roles:
        articles = [name for name in _free_ids(roles, table) if _many_to_many(table, name, user)]
        _choose(roles, ARTICLE_ID, articles, table, "many users for each value")
    if BASKET_ID not in roles:
        n_users = table.distinct(user)
        baskets = [
            name
            for name in _free_ids(roles, table)
            if table.distinct(name) > n_users and table.determines(name, user)
        ]
        _choose(roles, BASKET_ID, baskets, table, "each value belongs to one user")


def _guess_user_by_values(roles: dict[str, Guess], table: _Sample) -> None:
    """The finest column that is the same within a basket; else the only one that can be it."""
    basket = roles[BASKET_ID].column if BASKET_ID in roles else None
    article = roles[ARTICLE_ID].column if ARTICLE_ID in roles else None
    free = _free_ids(roles, table)
    if basket and table.distinct(basket) < table.n_rows:
        users = [name for name in free if table.determines(basket, name)]
        _choose(roles, USER_ID, users, table, f"one value per {basket!r}")
    elif article:
        users = [name for name in free if _many_to_many(table, name, article)]
        # a basket looks like a user here, and a user like a country: one candidate or none
        if len(users) == 1:
            _choose(roles, USER_ID, users, table, "many articles for each value")


def _free_ids(roles: Mapping[str, Guess], table: _Sample) -> list[str]:
    return [name for name in table.ids if name not in _taken(roles)]


def _many_to_many(table: _Sample, one: str, other: str) -> bool:
    return not table.determines(one, other) and not table.determines(other, one)


def _choose(
    roles: dict[str, Guess], role: str, names: list[str], table: _Sample, reason: str
) -> None:
    """The candidate with most distinct values; the others are kept as alternatives."""
    if names:
        best, *others = sorted(names, key=lambda name: -table.distinct(name))
        reason = f"by its values: {reason}, {table.distinct(best):,} distinct"
        roles[role] = Guess(best, reason, tuple(others[:3]))


def _refuse_missing(role: str, table: _Sample, notes: Iterable[str]) -> None:
    if role in REQUIRED_COLUMNS:
        option = OPTIONS[role]
        message = f"no column looks like the {option[2:]}; {'; '.join([_have(table), *notes])}"
        raise DataError(message, remedy=f"say which it is: {option} COLUMN")


def _notes(roles: Mapping[str, Guess], table: _Sample) -> Iterator[str]:
    """What the mapping cannot express."""
    for name in table.names:
        is_event = re.sub(r"\W|_", "", name).lower() in _EVENTS.split()
        if is_event and table.can_be(USER_ID, name) and 1 < table.distinct(name) <= 20:
            kinds = ", ".join(map(repr, table.values[name].drop_null().unique().to_pylist()[:4]))
            yield f"{name!r} holds {kinds}: all rows count alike, keep only those that should"
    for role in REQUIRED_COLUMNS:
        name = str(roles[role].column)
        values = table.values[name].drop_null()
        if pa.types.is_string(values.type) and _all_match(values, r"^\d+\.0$"):
            yield f"the ids of {name!r} are text that ends in '.0': whole numbers are better ids"


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
    numbers = _numbers(texts) if is_csv else None
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


def fits_format(texts: pa.Array, pattern: str) -> bool:
    """True if every text has the format and most of the years are plausible."""
    times = pc.strptime(texts, format=pattern, unit="us", error_is_null=True)
    if times.null_count > texts.null_count:
        return False
    seconds = np.asarray(times.drop_null().cast(pa.int64())) // 10**6
    plausible = (seconds >= _EARLIEST_S) & (seconds < _LATEST_S)
    return bool(np.count_nonzero(plausible) * 2 >= len(seconds))


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
