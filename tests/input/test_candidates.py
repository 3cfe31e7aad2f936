"""What columns of any type can be, and which of them determines which."""

from typing import Any

import pyarrow as pa
import pytest

from cfdist.input.candidates import Candidates
from cfdist.schema import ARTICLE_ID, QUANTITY, TIMESTAMP, USER_ID


def candidates(columns: dict[str, Any], *, is_csv: bool = False) -> Candidates:
    table = pa.table(columns)
    return Candidates(table.schema, table, is_csv)


def test_text_is_a_quantity_in_csv_only() -> None:
    columns = {"qty": [" 2 "]}
    assert candidates(columns, is_csv=True).can_be(QUANTITY, "qty")
    assert not candidates(columns).can_be(QUANTITY, "qty")


@pytest.mark.parametrize(
    "values",
    [
        pa.array([17850.0, None, float("nan")]),
        pa.array([None, None], pa.float64()),
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array(["a"], pa.large_string()),
        pa.array([1], pa.uint16()),
    ],
)
def test_types_of_ids(values: pa.Array) -> None:
    assert candidates({"x": values}).can_be(USER_ID, "x")
    assert candidates({"x": values}).can_be(ARTICLE_ID, "x")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2010-12-01"], True),
        ([1_291_190_400], True),
        (["2010-12-01", "no date"], False),
        ([1], False),
    ],
)
def test_types_of_times(values: list[Any], expected: bool) -> None:
    assert candidates({"x": values}).can_be(TIMESTAMP, "x") == expected


def test_a_user_has_one_country_and_a_country_many_users() -> None:
    found = candidates({"user": ["a", "b", "c", "a"], "country": ["x", "x", None, "x"]})
    assert (found.distinct("user"), found.distinct("country")) == (3, 2)
    assert found.determines("user", "country")
    assert not found.determines("country", "user")


def test_ids_are_neither_constant_nor_unique_nor_dates() -> None:
    found = candidates(
        {
            "constant": [1, 1, 1],
            "row": [1, 2, 3],
            "date": ["2010-12-01", "2010-12-01", "2010-12-02"],
            "price": [1.5, 1.5, 2.5],
            "digits": ["20101201", "20101201", "20101202"],
            "user": ["a", "a", "b"],
        }
    )
    assert found.ids == ["digits", "user"]


def test_a_name_that_occurs_twice_is_no_candidate() -> None:
    table = pa.Table.from_arrays([pa.array([1])] * 3, ["a", "b", "a"])
    found = Candidates(table.schema, table, is_csv=False)
    assert (found.names, found.all_names) == (["b"], ["a", "b", "a"])
