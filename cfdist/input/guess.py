"""Which column of an unknown table holds what, and why: by its name, then by its values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from cfdist.errors import DataError
from cfdist.input.candidates import Candidates, all_match
from cfdist.input.column_names import is_event_name, names_like
from cfdist.input.source import nearest_name
from cfdist.schema import (
    ARTICLE_ID,
    BASKET_ID,
    INTERACTION_COLUMNS,
    QUANTITY,
    REQUIRED_COLUMNS,
    TIMESTAMP,
    USER_ID,
)
from cfdist.settings import Columns

OPTIONS: Final = {
    USER_ID: "--user",
    ARTICLE_ID: "--article",
    BASKET_ID: "--basket",
    QUANTITY: "--quantity",
    TIMESTAMP: "--timestamp",
}


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
    table = Candidates(schema, sample, is_csv)
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


def _given(role: str, name: str, table: Candidates) -> Guess:
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


def _unfit(role: str, name: str, table: Candidates) -> str:
    kind, values = table.types[name], table.values[name].drop_null()
    shown = f", such as {values[0].as_py()!r}" if len(values) else ", all empty"
    needed = {TIMESTAMP: "a date in a known format", QUANTITY: "a number"}
    return f"it holds {kind}{shown}, and {needed.get(role, 'an integer or text')} is needed"


def _have(table: Candidates) -> str:
    twice = sorted(set(table.all_names) - set(table.names))
    again = f" ({', '.join(twice)} more than once)" if twice else ""
    return f"the columns are {', '.join(dict.fromkeys(table.all_names))}{again}"


def _taken(roles: Mapping[str, Guess]) -> set[str | None]:
    return {guess.column for guess in roles.values()}


def _by_name(
    role: str, table: Candidates, taken: set[str | None], notes: list[str]
) -> Guess | None:
    """The column whose name fits best; a fitting name with an unfit type becomes a note."""
    fitting = names_like(role, (name for name in table.names if name not in taken))
    usable = [name for name in fitting if table.can_be(role, name)]
    if usable:
        return Guess(usable[0], "by its name", tuple(usable[1:4]))
    if fitting:
        name = fitting[0]
        notes.append(f"{name!r} is named like the {role}, but {_unfit(role, name, table)}")
    return None


def _guess_time_by_type(roles: dict[str, Guess], table: Candidates) -> None:
    if TIMESTAMP in roles:
        return
    free = [name for name in table.names if name not in _taken(roles)]
    dates = [name for name in free if not table.is_digits(name) and table.time(name)]
    if dates:
        roles[TIMESTAMP] = Guess(dates[0], "the first column of dates", tuple(dates[1:4]))


def _guess_ids_by_values(roles: dict[str, Guess], table: Candidates) -> None:
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


def _guess_user_by_values(roles: dict[str, Guess], table: Candidates) -> None:
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


def _free_ids(roles: Mapping[str, Guess], table: Candidates) -> list[str]:
    return [name for name in table.ids if name not in _taken(roles)]


def _many_to_many(table: Candidates, one: str, other: str) -> bool:
    return not table.determines(one, other) and not table.determines(other, one)


def _choose(
    roles: dict[str, Guess], role: str, names: list[str], table: Candidates, reason: str
) -> None:
    """The candidate with most distinct values; the others are kept as alternatives."""
    if names:
        best, *others = sorted(names, key=lambda name: -table.distinct(name))
        reason = f"by its values: {reason}, {table.distinct(best):,} distinct"
        roles[role] = Guess(best, reason, tuple(others[:3]))


def _refuse_missing(role: str, table: Candidates, notes: Iterable[str]) -> None:
    if role in REQUIRED_COLUMNS:
        option = OPTIONS[role]
        message = f"no column looks like the {option[2:]}; {'; '.join([_have(table), *notes])}"
        raise DataError(message, remedy=f"say which it is: {option} COLUMN")


def _notes(roles: Mapping[str, Guess], table: Candidates) -> Iterator[str]:
    """What the mapping cannot express."""
    for name in table.names:
        if is_event_name(name) and table.can_be(USER_ID, name) and 1 < table.distinct(name) <= 20:
            kinds = ", ".join(map(repr, table.values[name].drop_null().unique().to_pylist()[:4]))
            yield f"{name!r} holds {kinds}: all rows count alike, keep only those that should"
    for role in REQUIRED_COLUMNS:
        name = str(roles[role].column)
        values = table.values[name].drop_null()
        if pa.types.is_string(values.type) and all_match(values, r"^\d+\.0$"):
            yield f"the ids of {name!r} are text that ends in '.0': whole numbers are better ids"
