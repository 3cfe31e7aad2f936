"""Every row is used or counted under one reason, and the first of each reason has a place."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfdist.errors import DataError
from cfdist.input import check
from cfdist.input.check import Columns, RowCounts, check_rows
from cfdist.input.source import Part
from cfdist.settings import IngestSettings

NOW = 1_800_000_000_000_000
GOOD = 1_700_000_000_000_000
DAY = 86_400_000_000
PART = Part("shop.parquet", "parquet", first_row=100, names={"quantity": "Qty"})
TYPES = {name: pa.int64() for name in ("user_id", "article_id", "basket_id")}


def checked(part: Part = PART, **columns) -> tuple[Columns, RowCounts]:
    n_rows = len(next(iter(columns.values())))
    whole = {"user_id": list(range(n_rows)), "article_id": list(range(n_rows))} | columns
    table = pa.table({name: pa.array(values) for name, values in whole.items()})
    if "timestamp" in whole:
        times = pa.chunked_array([table["timestamp"].combine_chunks().cast(pa.timestamp("us"))])
        table = table.set_column(table.column_names.index("timestamp"), "timestamp", times)
    return check_rows(table, part, TYPES, IngestSettings(), NOW)


def test_good_rows_pass_as_they_are():
    rows, counts = checked(
        user_id=[5, 6], article_id=[7, 8], basket_id=[1, None], quantity=[2, 3.5],
        timestamp=[GOOD, GOOD + 1],
    )  # fmt: skip
    assert rows.user_id.to_pylist() == [5, 6]
    assert rows.article_id.to_pylist() == [7, 8]
    assert rows.basket_id.to_pylist() == [1, None]
    assert rows.quantity.tolist() == [2, 3.5]
    assert rows.timestamp.tolist() == [GOOD, GOOD + 1]
    assert counts == RowCounts(2, 2, {}, {}, GOOD, GOOD + 1)


def test_only_two_columns_are_needed():
    rows, counts = checked(user_id=[5, 6])
    assert rows.basket_id is None
    assert rows.quantity.tolist() == [1, 1]
    assert rows.timestamp.tolist() == [0, 0]
    assert counts == RowCounts(2, 2)


@pytest.mark.parametrize(
    ("columns", "reason", "column"),
    [
        ({"article_id": [1, None]}, check.ARTICLE_MISSING, "article_id"),
        ({"quantity": [1, None]}, check.QUANTITY_UNUSABLE, "Qty"),
        ({"quantity": [1, np.nan]}, check.QUANTITY_UNUSABLE, "Qty"),
        ({"quantity": [1, np.inf]}, check.QUANTITY_UNUSABLE, "Qty"),
        ({"quantity": [1, -np.inf]}, check.QUANTITY_UNUSABLE, "Qty"),
        ({"quantity": [2.0**53, 2.0**54]}, check.QUANTITY_UNUSABLE, "Qty"),
        ({"timestamp": [GOOD, None]}, check.TIMESTAMP_MISSING, "timestamp"),
        ({"timestamp": [GOOD, 0]}, check.TOO_EARLY, "timestamp"),
        ({"timestamp": [check.EARLIEST_US, check.EARLIEST_US - 1]}, check.TOO_EARLY, "timestamp"),
        ({"timestamp": [NOW + DAY, NOW + DAY + 1]}, check.IN_THE_FUTURE, "timestamp"),
        ({"timestamp": [GOOD, check.LATEST_US - 1]}, check.IN_THE_FUTURE, "timestamp"),
        ({"timestamp": [GOOD, check.LATEST_US]}, check.TOO_LATE, "timestamp"),
        ({"user_id": [1, None]}, check.USER_MISSING_NO_BASKET, "user_id"),
        ({"user_id": [1, None], "basket_id": [1, None]}, check.USER_MISSING_NO_BASKET, "user_id"),
    ],
)
def test_row_that_is_left_out(columns, reason, column):
    rows, counts = checked(**columns)
    assert len(rows.user_id) == len(rows.article_id) == len(rows.quantity) == 1
    assert len(rows.timestamp) == 1
    assert counts.dropped == {reason: 1}
    assert counts.examples == {reason: f"shop.parquet: column {column!r}, row 101"}
    assert (counts.rows_in, counts.rows_used, counts.rows_dropped) == (2, 1, 1)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"quantity": [1, -1]}, check.RETURNED),
        ({"quantity": [1, 0]}, check.NOTHING_TAKEN),
        ({"quantity": [1, -0.0]}, check.NOTHING_TAKEN),
        ({"user_id": [1, None], "basket_id": [1, 2]}, check.USER_MISSING),
    ],
)
def test_row_that_is_counted_but_goes_on(columns, reason):
    """A returned article is owned all the same; a guest's basket is a basket."""
    rows, counts = checked(**columns)
    assert len(rows.user_id) == 2
    assert counts.dropped == {reason: 1}
    assert counts.rows_used == 1


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_guest_who_takes_nothing_is_left_out(quantity):
    rows, counts = checked(user_id=[1, None], basket_id=[1, 2], quantity=[1, quantity])
    assert len(rows.user_id) == 1
    assert counts.dropped == {check.USER_MISSING_NO_BASKET: 1}


def test_a_row_with_several_faults_counts_once():
    _, counts = checked(user_id=[1, None], article_id=[1, None], quantity=[1, np.nan])
    assert counts.dropped == {check.ARTICLE_MISSING: 1}
    assert counts.rows_used == 1


def test_times_are_those_of_the_rows_that_are_kept():
    _, counts = checked(timestamp=[GOOD, 0, NOW * 2], quantity=[1, 1, 1])
    assert (counts.first_timestamp, counts.last_timestamp) == (GOOD, GOOD)
    _, counts = checked(timestamp=[0, 0])
    assert (counts.first_timestamp, counts.last_timestamp) == (None, None)


@pytest.mark.parametrize("values", [pa.array(["1"]), pa.array([True]), pa.array([[1]])])
def test_quantity_of_another_kind(values):
    with pytest.raises(DataError) as error:
        checked(quantity=values)
    message = f"shop.parquet: column 'Qty', row 100: is {values.type}, a number is needed"
    assert error.value.message.startswith(message)
    assert "ingest.columns.quantity" in error.value.remedy


def test_no_rows():
    rows, counts = checked(user_id=pa.array([], pa.int64()), quantity=pa.array([], pa.float64()))
    assert len(rows.user_id) == 0
    assert counts == RowCounts()


# counts


def test_counts_add_up_in_the_order_of_the_parts():
    first = checked(quantity=[1, -1], timestamp=[GOOD + 1, GOOD + 2])[1]
    second = checked(Part("b.parquet", "parquet"), quantity=[-1, 0], timestamp=[GOOD, GOOD])[1]
    first.add(second)
    first.add(RowCounts())
    assert (first.rows_in, first.rows_used) == (4, 1)
    assert first.dropped == {check.RETURNED: 2, check.NOTHING_TAKEN: 1}
    assert first.examples == {
        check.RETURNED: "shop.parquet: column 'Qty', row 101",
        check.NOTHING_TAKEN: "b.parquet: column 'quantity', row 1",
    }
    assert (first.first_timestamp, first.last_timestamp) == (GOOD, GOOD + 2)


def test_rows_out_of_the_sample_are_neither_used_nor_dropped():
    counts = checked(quantity=[1, 1, -1])[1]
    counts.leave_out(0)
    assert counts.dropped == {check.RETURNED: 1}
    counts.leave_out(1)
    total = RowCounts()
    for _ in range(2):
        total.add(counts)
    assert (total.rows_in, total.rows_used, total.rows_dropped) == (6, 2, 2)
    assert total.dropped == {check.RETURNED: 2, check.NOT_SAMPLED: 2}
    assert list(total.examples) == [check.RETURNED]


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        ({check.TOO_EARLY: 3, check.RETURNED: 1}, "ingest.timestamp_unit"),
        ({check.TOO_LATE: 3}, "ingest.timestamp_unit"),
        ({check.USER_MISSING: 3}, "guests"),
        ({check.RETURNED: 3, check.TOO_EARLY: 1}, "ingest.max_dropped_share"),
        ({check.NOT_SAMPLED: 9, check.TOO_EARLY: 1}, "ingest.timestamp_unit"),
        ({}, "ingest.max_dropped_share"),
        ({check.BEFORE_FIRST_DATE: 9, check.TOO_EARLY: 1}, "ingest.timestamp_unit"),
        ({check.BEFORE_FIRST_DATE: 9, check.NOT_SAMPLED: 99}, "ingest.first_date"),
        ({check.AFTER_LAST_DATE: 9}, "ingest.last_date"),
    ],
)
def test_remedy_is_that_of_the_reason_that_drops_most(dropped, words):
    assert words in RowCounts(dropped=dropped).remedy


QUANTITIES = st.sampled_from([1.0, 2.5, 0.0, -1.0, None, np.nan, np.inf, 1e300])
TIMES = st.sampled_from([GOOD, 0, None, NOW + 2 * DAY, 2 * check.LATEST_US])
DATES = st.sampled_from(
    [{}, {"first_date": "2023-11-15"}, {"last_date": "2023-11-14"}, {"last_date": "2023-11-15"}]
)
ROWS = st.tuples(
    st.sampled_from([1, 2, None]), st.sampled_from([1, 2, None]), st.sampled_from([1, None]),
    QUANTITIES, TIMES,
)  # fmt: skip


def test_rows_outside_the_dates_are_no_fault():
    """2023-11-14T22:13:20 is the good moment; the later reasons do not see what is outside."""
    times = [GOOD - DAY, GOOD, GOOD + DAY, GOOD + DAY, NOW + 2 * DAY]
    table = pa.table(
        {
            "user_id": pa.array([1, 1, None, 1, 1]),
            "article_id": pa.array([1, 2, 3, 4, 5]),
            "timestamp": pa.array(times).cast(pa.timestamp("us")),
        }
    )
    dates = {"first_date": "2023-11-14T22:13:20", "last_date": "2023-11-15T22:13:20"}
    rows, counts = check_rows(table, PART, TYPES, IngestSettings(**dates), NOW)
    assert rows.article_id.to_pylist() == [2]
    wanted = {check.BEFORE_FIRST_DATE: 1, check.AFTER_LAST_DATE: 2, check.IN_THE_FUTURE: 1}
    assert counts.dropped == wanted
    assert (counts.rows_used, counts.rows_dropped, counts.rows_outside) == (1, 1, 3)
    assert counts.first_timestamp == counts.last_timestamp == GOOD


@settings(max_examples=150, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=30), st.integers(0, 30), DATES)
def test_rows_in_are_rows_used_and_rows_dropped_however_they_are_split(rows, cut, dates):
    given_settings = IngestSettings(**dates)
    names = ("user_id", "article_id", "basket_id", "quantity", "timestamp")
    kinds = [pa.int64()] * 3 + [pa.float64(), pa.timestamp("us")]
    columns = zip(names, kinds, zip(*rows, strict=True), strict=True)
    table = pa.table({name: pa.array(values, kind) for name, kind, values in columns})
    whole, counts = check_rows(table, PART, TYPES, given_settings, NOW)
    assert counts.rows_in == len(rows) == counts.rows_used + sum(counts.dropped.values())
    pure = np.asarray(whole.user_id.is_valid()) & (whole.quantity > 0)
    assert counts.rows_used == np.count_nonzero(pure)
    total = RowCounts()
    for piece in (table[:cut], table[cut:]):
        total.add(check_rows(piece, PART, TYPES, given_settings, NOW)[1])
    assert (total.rows_in, total.rows_used, total.dropped) == (
        counts.rows_in, counts.rows_used, counts.dropped
    )  # fmt: skip
