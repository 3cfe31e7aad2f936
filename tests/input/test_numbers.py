"""Numbers as float64; text counts where there is only text."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from cfdist.errors import DataError
from cfdist.input.numbers import read_numbers
from cfdist.input.source import Part

PARQUET = Part("a.parquet", "parquet")
CSV = Part("a.csv", "csv", first_row=100, names={"quantity": "Qty"})
HIVE = Part("quantity=3/a.parquet", "parquet", hive={"quantity": "3"})


@pytest.mark.parametrize(
    "values",
    [
        pa.array([3, None, -2], pa.int8()),
        pa.array([3, None, -2], pa.int64()),
        pa.array([3, float("nan"), -2], pa.float32()),
        pa.array([Decimal("3.00"), None, Decimal("-2.00")]),
    ],
)
def test_numbers_of_any_type(values):
    np.testing.assert_array_equal(read_numbers(values, "quantity", PARQUET), [3, np.nan, -2])


def test_infinity_and_zero_are_kept_for_the_check():
    values = pa.array([np.inf, -np.inf, -0.0])
    np.testing.assert_array_equal(read_numbers(values, "quantity", PARQUET), [np.inf, -np.inf, 0])


def test_column_of_nothing():
    assert np.isnan(read_numbers(pa.nulls(2), "quantity", PARQUET)).all()


@pytest.mark.parametrize("part", [CSV, HIVE])
def test_text_where_there_is_only_text(part):
    texts = pa.array(["3", " -2.5 ", "1e2", "", "  ", None, "inf"])
    found = read_numbers(texts, "quantity", part)
    np.testing.assert_array_equal(found, [3, -2.5, 100, np.nan, np.nan, np.nan, np.inf])


@pytest.mark.parametrize(
    "values",
    [pa.array(["3"]), pa.array([True]), pa.array([[1]]), pa.array([1]).cast(pa.timestamp("s"))],
)
def test_what_is_no_number(values):
    assert read_numbers(values, "quantity", PARQUET) is None


@pytest.mark.parametrize("text", ["x", "1,5", "1_000", "0x10", "\uff15", "3 pcs"])
def test_text_that_is_no_number_names_the_row(text):
    with pytest.raises(DataError) as error:
        read_numbers(pa.array(["1", None, text, "y"]), "quantity", CSV)
    assert error.value.message == f"a.csv: column 'Qty', row 102: '{text}' is not a number"
    assert error.value.remedy
