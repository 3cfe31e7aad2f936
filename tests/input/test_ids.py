"""Ids stay exactly what they are, or are refused with file, column and row."""

import numpy as np
import pyarrow as pa
import pytest

from cfdist.errors import DataError
from cfdist.input.ids import read_ids
from cfdist.input.source import Part

PART = Part("shop.parquet", "parquet", first_row=100, names={"user_id": "Customer ID"})
PLACE = "shop.parquet: column 'Customer ID', row"


def read(values: pa.Array, wanted: pa.DataType) -> list:
    ids = read_ids(values, "user_id", wanted, PART)
    assert ids.type == wanted
    return ids.to_pylist()


def refused(values: pa.Array, wanted: pa.DataType) -> str:
    with pytest.raises(DataError) as error:
        read_ids(values, "user_id", wanted, PART)
    assert error.value.remedy
    return error.value.message


@pytest.mark.parametrize(
    "values", [[-(2**63), 2**63 - 1], [2**53 + 1, 2**53], [0, -1], [2**31, None]]
)
def test_integers_are_exact(values):
    assert read(pa.array(values, pa.int64()), pa.int64()) == values


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint8(), pa.int32(), pa.uint32(), pa.uint64()])
def test_integers_of_any_width(kind):
    assert read(pa.array([0, 1, 127, None], kind), pa.int64()) == [0, 1, 127, None]


def test_unsigned_beyond_int64():
    assert read(pa.array([2**63 - 1], pa.uint64()), pa.int64()) == [2**63 - 1]
    for large in (2**63, 2**64 - 1):
        values = pa.array([1, None, large], pa.uint64())
        for ids in (values, values.dictionary_encode()):
            assert refused(ids, pa.int64()) == f"{PLACE} 102: '{large}' does not fit int64"


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
def test_whole_floats_are_integers(kind):
    values = np.array([17, -5, np.nan, -0.0], kind.to_pandas_dtype())
    assert read(pa.array(values, kind), pa.int64()) == [17, -5, None, 0]
    assert read(pa.array([17.0, None], kind), pa.int64()) == [17, None]


@pytest.mark.parametrize("value", [1.5, np.inf, -np.inf])
def test_other_floats_are_refused(value):
    message = refused(pa.array([1.0, None, value]), pa.int64())
    assert message == f"{PLACE} 102: '{value}' is not a whole number"


@pytest.mark.parametrize(
    ("kind", "limit"), [(pa.float32(), 2**24), (pa.float64(), 2**53), (pa.float16(), 2**11)]
)
def test_floats_that_may_have_been_rounded_are_refused(kind, limit):
    values = np.array([limit - 1], kind.to_pandas_dtype())
    assert read(pa.array(values), pa.int64()) == [limit - 1]
    message = refused(pa.array(np.array([1, -limit], kind.to_pandas_dtype())), pa.int64())
    assert message.endswith(f"is a {kind}, exact below {limit} only")


TEXTS = [
    "0071053", "71053", "é", "e\u0301", "😀", "a\nb", "a\0b", " x ", "\u202e", "NaN", "/", "..",
    "x" * 1024, "é" * 512,
]  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())],
)
def test_texts_are_exact(kind):
    values = pa.array([*TEXTS, None])
    values = values.dictionary_encode() if pa.types.is_dictionary(kind) else values.cast(kind)
    assert read(values, pa.string()) == [*TEXTS, None]


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64(), pa.float64()])
def test_dictionary_of_numbers(kind):
    values = pa.array([5, 7, None, 5], kind).dictionary_encode()
    assert read(values, pa.int64()) == [5, 7, None, 5]


def test_empty_text_is_a_missing_id():
    assert read(pa.array(["a", "", None]), pa.string()) == ["a", None, None]


@pytest.mark.parametrize("long", ["x" * 1025, "é" * 513])
def test_long_text(long):
    message = refused(pa.array(["a", "x" * 1024, long]), pa.string())
    size = f"{len(long.encode()):,}"
    assert message == f"{PLACE} 102: the id has {size} bytes, at most 1,024 fit"


def test_text_that_is_not_utf8():
    values = pa.array([b"a", None, b"caf\xe9"]).view(pa.string())
    assert refused(values, pa.string()) == f"{PLACE} 102: the id is not UTF-8 text"


@pytest.mark.parametrize("wanted", [pa.int64(), pa.string()])
def test_column_of_nothing(wanted):
    assert read(pa.nulls(2), wanted) == [None, None]
    assert read(pa.array([], wanted), wanted) == []
