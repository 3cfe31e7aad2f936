"""cuDF reads what it reads as Arrow does; Arrow reads the rest, and both tell of bad files."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from frame_engines import DAY, GOOD, NOW, assert_same, some_rows, strict_gpu, write

from cfdist.algorithms.sampling import WHOLE_RANGE
from cfdist.errors import DataError
from cfdist.input import check
from cfdist.input.frames import get_frames
from cfdist.input.source import open_source
from cfdist.settings import IngestSettings


@pytest.fixture
def device() -> Iterator[ModuleType]:
    with strict_gpu() as device:
        yield device


def host_reason(path: Path, **given) -> str:
    reasons = assert_same(path, **given).host_reads
    assert len(reasons) == 1
    return next(iter(reasons))


def test_csv_is_read_by_arrow(tmp_path, device):
    (tmp_path / "a.csv").write_text("user_id,article_id,quantity\n01,5,1\n1,6,\n,5,1\n")
    assert host_reason(tmp_path / "a.csv") == "csv is read as text"


def test_another_column_type_is_read_by_arrow(tmp_path, device):
    table = pa.table(
        {
            "user_id": [1, 2],
            "article_id": pa.array(["a", "b"]).dictionary_encode(),
            "quantity": pa.array([1, 2]).cast(pa.decimal128(22, 2)),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    assert "dictionary" in host_reason(tmp_path / "a.parquet")
    other = table.set_column(1, "article_id", pa.array(["a", "b"]))
    pq.write_table(other, tmp_path / "a.parquet")
    assert "decimal" in host_reason(tmp_path / "a.parquet")


def test_int96_times_are_read_by_arrow(tmp_path, device):
    rows = [(1, 2, 3, 1.0, GOOD), (2, 2, 3, 1.0, check.LATEST_US - DAY)]
    path = write(tmp_path / "a.parquet", rows, use_deprecated_int96_timestamps=True)
    assert "timestamp" in host_reason(path)


def test_an_index_of_pandas_is_read_by_arrow(tmp_path, device):
    frame = pa.table({"user_id": [3, 1, 7], "article_id": [1, 2, 1]}).to_pandas()
    frame.set_index("user_id").to_parquet(tmp_path / "a.parquet")
    assert "user_id" in host_reason(tmp_path / "a.parquet")
    frame.to_parquet(tmp_path / "a.parquet")  # a range as the index is none of our columns
    assert not assert_same(tmp_path / "a.parquet").host_reads


def test_columns_of_folders_are_read_by_arrow(tmp_path, device):
    folder = tmp_path / "quantity=2"
    folder.mkdir()
    table = pa.table({"user_id": [3, 1], "article_id": [1, 2]})
    pq.write_table(table, folder / "a.parquet")
    assert "folder" in host_reason(tmp_path)
    pq.write_table(table.append_column("quantity", pa.array([4, 5])), folder / "a.parquet")
    assert not assert_same(tmp_path).host_reads


def test_a_damaged_file_is_named(tmp_path, device):
    path = write(tmp_path / "a.parquet", some_rows(), compression="gzip")
    settings = IngestSettings(input=str(path))
    found = open_source(settings)
    data = bytearray(path.read_bytes())
    data[4:200] = bytes(196)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.parquet: cannot be read"):
        get_frames("cudf").read(found.parts[0], found, settings, WHOLE_RANGE, NOW)


def test_a_file_of_other_rows_than_its_footer_said(tmp_path, device):
    path = write(tmp_path / "a.parquet", some_rows())
    settings = IngestSettings(input=str(path))
    found = open_source(settings)
    write(path, some_rows(n_rows=30))
    with pytest.raises(DataError, match="has 30 rows where its footer said 400"):
        get_frames("cudf").read(found.parts[0], found, settings, WHOLE_RANGE, NOW)
