"""The start of an input: types as stored, columns of folders, files that differ, garbage."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE
from input_files import csv, settings

from cfdist.errors import DataError
from cfdist.input import sample as sample_module
from cfdist.input.sample import read_sample
from cfdist.settings import IngestSettings


def test_a_sample_is_the_start_with_the_types_as_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_module, "SAMPLE_ROWS", 100)
    found = read_sample(settings(SAMPLE))
    assert found.rows.num_rows == 100
    assert found.schema == pq.read_schema(SAMPLE).remove_metadata()
    assert found.rows.equals(pq.read_table(SAMPLE).slice(0, 100))
    assert (found.is_csv, found.difference) == (False, "")


def test_a_sample_of_csv_is_text(tmp_path: Path) -> None:
    found = read_sample(settings(csv(tmp_path / "t.csv", "Customer ID;price", "0071;2,5", ";3")))
    assert found.rows.to_pydict() == {"Customer ID": ["0071", None], "price": ["2,5", "3"]}
    assert found.is_csv


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_sample_has_the_columns_of_the_folders(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "day=2024-01-02"
    folder.mkdir()
    table = pa.table({"user.id": ["1"], "item": ["a"]})
    if suffix == "csv":
        csv(folder / "t.csv", "user.id,item", "1,a")
    else:
        pq.write_table(table, folder / "t.parquet")
    found = read_sample(settings(tmp_path))
    assert found.rows.to_pydict() == {"user.id": ["1"], "item": ["a"], "day": ["2024-01-02"]}


def test_a_sample_of_files_that_differ_says_how(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", "item,name", "x,soap")
    csv(tmp_path / "b.csv", "user,item", "1,x")
    found = read_sample(settings(tmp_path))
    assert found.schema.names == ["item"]
    assert found.difference == (
        "not all files have the same columns: "
        f"{tmp_path / 'a.csv'} has name; {tmp_path / 'b.csv'} has user"
    )


def test_an_empty_table_has_an_empty_sample(tmp_path: Path) -> None:
    pq.write_table(pa.table({"user_id": pa.array([], pa.int64())}), tmp_path / "t.parquet")
    csv(tmp_path / "t.csv", "user_id")
    for name in ("t.parquet", "t.csv"):
        found = read_sample(settings(tmp_path / name))
        assert (found.rows.num_rows, found.rows.column_names) == (0, ["user_id"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.parquet", b"PAR1 no", "cannot be read"),
        ("t.csv", b"", "the file is empty"),
        ("t.csv", b"\x9d\x00,\xff\n\x80", "is not UTF-8 text"),
        ("t.csv", "user_id,größe\n1,2\n".encode("latin-1"), "is not UTF-8 text"),
        ("t.csv", "user_id\n1\n".encode("utf-16"), "is not UTF-8 text"),
        ("t.csv", b"a,b\n1,2\n1,2,3\n", "Expected 2 columns, got 3"),
        ("t.csv.gz", b"no gzip", "cannot be read"),
        ("t.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "cannot be read"),
        ("t.txt", b"hello", "cannot be read"),
    ],
)
def test_garbage_is_refused_with_its_name(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        read_sample(settings(tmp_path / name))
    assert name in error.value.message
    assert error.value.remedy


def test_an_address_that_nobody_knows_is_refused() -> None:
    with pytest.raises(DataError, match="no-such-protocol") as error:
        read_sample(IngestSettings(input="no-such-protocol://a/b"))
    assert error.value.remedy
