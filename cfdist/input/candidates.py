"""Columns of an unknown table, and what each of them can be by its type and its values."""

from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cfdist.input.formats import TimeReading, read_time, text_as_numbers
from cfdist.input.source import id_kind
from cfdist.schema import QUANTITY, TIMESTAMP, USER_ID


class Candidates:
    """Columns of a sample, and what each of them can be.

    Parameters
    ----------
    schema : pa.Schema
        Columns of the input as stored; all are text in csv.
    rows : pa.Table
        Some of its rows, with those columns.
    is_csv : bool
        Numbers that are text can then be read.
    """

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
        return all_match(values, r"^\d+$")

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
        return self.is_csv and text_as_numbers(self.values[name]) is not None

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


def all_match(texts: pa.Array, pattern: str) -> bool:
    """True if there are texts and all of them match."""
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def _is_whole(values: pa.Array) -> pa.Array:
    values = values.cast(pa.float64())
    return pc.or_(pc.is_nan(values), pc.equal(pc.floor(values), values))
