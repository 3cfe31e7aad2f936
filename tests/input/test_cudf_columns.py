"""Ids, numbers and times of every type are what Arrow makes of them, errors included."""

from collections.abc import Iterator
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from frame_engines import DAY, GOOD, KINDS, NAMES, assert_same, ran, strict_gpu, write

from cfdist.algorithms.hashing import BUCKET_SEED, SAMPLE_SEED, hash_ids
from cfdist.errors import DataError
from cfdist.input import check


@pytest.fixture
def device() -> Iterator[ModuleType]:
    with strict_gpu() as device:
        yield device


NUMBERS = {
    "int32": pa.int32(), "int8": pa.int8(), "uint16": pa.uint16(), "uint64": pa.uint64(),
    "float32": pa.float32(), "float64": pa.float64(),
}  # fmt: skip


@pytest.mark.parametrize("kind", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("name", ["user_id", "basket_id", "quantity"])
def test_numbers_of_any_type(tmp_path, device, kind, name):
    kinds = tuple(kind if column == name else k for column, k in zip(NAMES, KINDS, strict=True))
    values = [3, None, 1, 2, 3, 0]
    rows = [
        tuple(value if column == name else good for column, good in zip(
            NAMES, (1, 2, 3, 1.0, GOOD + i), strict=True))
        for i, value in enumerate(values)
    ]  # fmt: skip
    assert not assert_same(write(tmp_path / "a.parquet", rows, kinds)).host_reads


TIMES = {
    "s": pa.timestamp("s"), "ms": pa.timestamp("ms"), "ns": pa.timestamp("ns"),
    "zone": pa.timestamp("us", tz="Europe/Berlin"), "date32": pa.date32(), "date64": pa.date64(),
}  # fmt: skip


@pytest.mark.parametrize("kind", TIMES.values(), ids=TIMES)
def test_times_of_any_type(tmp_path, device, kind):
    table = pa.table(
        {
            "user_id": [1, 2, 3, 4, 5],
            "article_id": [1, 2, 1, 2, 1],
            "timestamp": pa.array([GOOD, 0, None, GOOD + DAY, -DAY]).cast(pa.timestamp("us")),
        }
    )
    times = table["timestamp"].cast(kind, safe=False)
    pq.write_table(table.set_column(2, "timestamp", times), tmp_path / "a.parquet")
    counts = assert_same(tmp_path / "a.parquet")
    assert not counts.host_reads
    assert counts.dropped == {check.TIMESTAMP_MISSING: 1, check.TOO_EARLY: 2}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64(), pa.float64()])
def test_times_as_numbers(tmp_path, device, unit, kind):
    per_unit = {"s": 10**6, "ms": 10**3, "us": 1, "ns": 1}[unit]
    factor = 1000 if unit == "ns" else 1
    times = [GOOD // per_unit * factor, 5, None, 2**62]
    columns = {
        "user_id": [1, 2, 3, 4],
        "article_id": [1, 2, 1, 2],
        "timestamp": pa.array(times).cast(kind, safe=False),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert not assert_same(tmp_path / "a.parquet", timestamp_unit=unit).host_reads


BAD_IDS = {
    "no whole number": pa.array([1.0, 2.5]),
    "too large a float": pa.array([1.0, 2.0**53]),
    "too large an integer": pa.array([1, 2**63], pa.uint64()),
    "too long": pa.array(["a", "b" * 1025]),
    "no UTF-8": pa.Array.from_buffers(
        pa.string(), 2, pa.array([b"a", b"\xff"], pa.binary()).buffers()
    ),
}


@pytest.mark.parametrize("values", BAD_IDS.values(), ids=BAD_IDS)
def test_errors_are_those_of_arrow(tmp_path, device, values):
    table = pa.table({"user_id": values, "article_id": [1, 2]})
    pq.write_table(table, tmp_path / "a.parquet")
    errors = []
    for engine in ("arrow", "cudf"):
        with pytest.raises(DataError) as error:
            ran(engine, tmp_path / "a.parquet")
        errors.append((error.value.message, error.value.remedy))
    assert errors[0] == errors[1]
    assert "row 1" in errors[1][0]


@pytest.mark.parametrize("seed", [BUCKET_SEED, SAMPLE_SEED])
@pytest.mark.parametrize(
    "ids", [pa.array([0, -1, 71053, 2**63 - 1]), pa.array(["a", "0071053", "é" * 99, "\U0001f600"])]
)
def test_hashes_are_those_of_the_host(device, ids, seed):
    import cudf

    from cfdist.input.cudf_columns import hash_column

    found = hash_column(cudf.Series.from_arrow(ids), seed)
    assert found.get().tolist() == hash_ids(ids, seed).tolist()
