"""Columns of tables as people have them; each table says what is to be found in it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cfdist.errors import DataError
from cfdist.input.guess import Guesses, guess_columns

ISO = "2010-12-01 08:26:00"


def guess(
    columns: Mapping[str, Any], given: Mapping[str, str] | None = None, *, is_csv: bool = False
) -> Guesses:
    table = pa.table(dict(columns))
    return guess_columns(table.schema, table, given, is_csv=is_csv)


def named(columns: Mapping[str, Any], **options: Any) -> dict[str, str]:
    return guess(columns, **options).columns.named()


def of(*names: str) -> dict[str, Any]:
    """A table whose columns suit any role by their type."""
    dates = {name: [ISO, ISO] for name in names if "da" in name.lower() or "time" in name.lower()}
    return {name: dates.get(name, [1, 2]) for name in names}


def test_an_ambiguous_name_keeps_the_alternatives() -> None:
    found = guess(of("customer_id", "user_id", "sku", "product_id"))
    assert found.roles["user_id"].column == "user_id"  # the canonical name comes first
    assert found.roles["user_id"].alternatives == ("customer_id",)
    assert found.roles["article_id"].column == "product_id"
    assert found.roles["article_id"].alternatives == ("sku",)


def test_every_guess_has_a_reason() -> None:
    found = guess({"CustomerID": [1, 2], "item": ["a", "b"], "t": pa.array([0, 1], pa.date32())})
    assert {role: guess.reason for role, guess in found.roles.items()} == {
        "user_id": "by its name",
        "article_id": "by its name",
        "basket_id": "no column looks like it",
        "quantity": "no column looks like it",
        "timestamp": "the first column of dates; stored as date32[day]",
    }


def baskets() -> dict[str, Any]:
    """Five users of two countries, forty baskets of three to eight of twelve articles."""
    rng = np.random.default_rng(0)
    rows = [
        (basket, basket % 5, article)
        for basket in range(40)
        for article in rng.choice(12, size=int(rng.integers(3, 9)), replace=False)
    ]
    basket, user, article = (list(map(int, column)) for column in zip(*rows, strict=True))
    return {
        "b": basket,
        "u": user,
        "c": [u % 2 for u in user],
        "a": article,
        "n": [1.5] * len(rows),
    }


def test_ids_by_values_when_the_basket_is_known() -> None:
    columns = baskets()
    columns["order_id"] = columns.pop("b")
    found = guess(columns)
    assert found.columns.named() == {"user_id": "u", "article_id": "a", "basket_id": "order_id"}
    assert found.roles["user_id"].reason == "by its values: one value per 'order_id', 5 distinct"
    assert found.roles["user_id"].alternatives == ("c",)
    assert "many users for each value" in found.roles["article_id"].reason


def test_article_and_basket_by_values_when_the_user_is_known() -> None:
    columns = baskets()
    columns["customer"] = columns.pop("u")
    found = guess(columns)
    assert found.columns.named() == {"user_id": "customer", "article_id": "a", "basket_id": "b"}
    assert "each value belongs to one user" in found.roles["basket_id"].reason


def test_neither_an_attribute_of_the_user_nor_of_the_row_is_a_basket() -> None:
    columns = baskets()
    columns["mail"] = [f"{user}@home" for user in columns["u"]]
    columns["till"] = [row % 9 for row in range(len(columns["u"]))]
    found = guess({"customer": columns.pop("u"), "item": columns.pop("a"), **columns})
    assert found.roles["basket_id"].column == "b"
    assert found.roles["basket_id"].alternatives == ()


def test_the_user_by_values_when_nothing_else_can_be_it() -> None:
    columns = baskets()
    found = guess({"who": columns["u"], "item": columns["a"], "price": columns["n"]})
    assert found.columns.user_id == "who"
    assert found.roles["user_id"].reason.startswith("by its values: many articles for each value")


def test_user_and_basket_are_not_told_apart_without_a_name() -> None:
    columns = baskets()
    table = {"item": columns["a"], "b": columns["b"], "u": columns["u"], "c": columns["c"]}
    with pytest.raises(DataError, match="no column looks like the user; the columns are item, b"):
        guess(table)


def test_a_missing_user_names_the_columns_and_the_option() -> None:
    with pytest.raises(DataError) as error:
        guess({"price": [1.5], "item": ["a"]})
    assert error.value.message == "no column looks like the user; the columns are price, item"
    assert error.value.remedy == "say which it is: --user COLUMN"


def test_a_missing_article_names_the_option() -> None:
    with pytest.raises(DataError, match="--article COLUMN"):
        guess({"price": [1.5], "user": ["a"]})


def test_a_column_that_occurs_twice_is_named() -> None:
    table = pa.Table.from_arrays([pa.array([1])] * 3, ["user_id", "article_id", "user_id"])
    with pytest.raises(DataError, match=r"are user_id, article_id \(user_id more than once\)"):
        guess_columns(table.schema, table)


def test_a_given_column_wins() -> None:
    found = guess(of("user_id", "article_id", "sku"), {"article_id": "sku"})
    assert found.columns.article_id == "sku"
    assert found.roles["article_id"].reason == "named with --article"


def test_a_given_column_is_not_guessed_again() -> None:
    found = named(of("user_id", "customer_id", "item"), given={"basket_id": "user_id"})
    assert found == {"basket_id": "user_id", "user_id": "customer_id", "article_id": "item"}


def test_an_empty_option_leaves_a_column_out() -> None:
    found = guess(of("user_id", "article_id", "basket_id"), {"basket_id": ""})
    assert found.columns.basket_id is None
    assert found.roles["basket_id"].reason == "left out with --basket"


@pytest.mark.parametrize(
    ("given", "message", "remedy"),
    [
        ({"user_id": "usr"}, "no column 'usr'; the columns are user, item, x", "--user 'user'"),
        ({"user_id": ""}, "--user is empty", "name the column"),
        ({"user_id": "x"}, "holds double, such as 1.5, and an integer or text", "convert"),
        ({"quantity": "item"}, "holds string, such as 'a', and a number", "convert"),
        ({"timestamp": "user"}, "holds int64, such as 1, and a date in a known format", "convert"),
    ],
)
def test_a_given_column_that_cannot_be_it(given: dict[str, str], message: str, remedy: str) -> None:
    with pytest.raises(DataError) as error:
        guess({"user": [1], "item": ["a"], "x": [1.5]}, given)
    assert message in error.value.message
    assert remedy in error.value.remedy


def test_a_name_that_fits_with_values_that_do_not_is_told() -> None:
    found = guess({"user": [1], "item": ["a"], "time": [8.5], "qty": ["2,5"]}, is_csv=True)
    assert set(found.columns.named()) == {"user_id", "article_id"}
    assert found.notes == (
        "'qty' is named like the quantity, but it holds string, such as '2,5', and a number is "
        "needed",
        "'time' is named like the timestamp, but it holds double, such as 8.5, and a date in a "
        "known format is needed",
    )


@pytest.mark.parametrize(
    "values", [pa.array([True]), pa.array([[1]]), pa.array([1.5]), pa.nulls(1), pa.array([b"a"])]
)
def test_types_that_are_no_ids(values: pa.Array) -> None:
    with pytest.raises(DataError, match="'user' is named like the user_id, but it holds"):
        guess({"user": values, "item": [1]})


def test_an_empty_table_is_judged_by_its_names() -> None:
    ids = pa.array([], pa.int64())
    assert named({"user": ids, "item": ids, "price": ids}) == {
        "user_id": "user",
        "article_id": "item",
    }


def test_events_of_several_kinds_are_told() -> None:
    columns = {"visitorid": [1, 2, 3], "itemid": [1, 2, 3], "event": ["view", "buy", "view"]}
    expected = "'event' holds 'view', 'buy': all rows count alike, keep only those that should"
    assert guess(columns).notes == (expected,)
    assert guess(columns | {"event": ["view"] * 3}).notes == ()


def test_ids_with_a_decimal_point_are_told() -> None:
    columns = {"user": ["17850.0", "13047.0"], "item": ["a", "b"]}
    assert "text that ends in '.0'" in guess(columns, is_csv=True).notes[0]
    assert guess(columns | {"user": ["17850.0", "x"]}, is_csv=True).notes == ()


def test_integers_are_time_only_by_name() -> None:
    columns = {"user": [1, 2], "item": [1, 2], "x": [1_291_190_400, 1_291_190_401]}
    assert "timestamp" not in named(columns)
    found = guess({**columns, "ts": columns["x"]})
    assert found.columns.timestamp == "ts"
    assert found.timestamp_unit == "s"
    assert found.roles["timestamp"].reason == "by its name; s since 1970, by their size"


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("ns", "UTC"), pa.date32()])
def test_true_timestamps_need_no_option(kind: pa.DataType) -> None:
    found = guess({"user": [1], "item": [1], "x": pa.array([1], kind)})
    assert found.columns.timestamp == "x"
    assert (found.timestamp_formats, found.timestamp_unit) == ((), None)
