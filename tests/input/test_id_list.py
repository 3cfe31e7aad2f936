"""Lists of articles: text, csv, parquet; what is no list is refused."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cfdist.errors import DataError
from cfdist.input.id_list import read_id_list
from cfdist.settings import IngestSettings


def read(path: object) -> list[str]:
    ids = read_id_list(str(path), "recommend.deny", IngestSettings())
    assert ids.type == pa.string()
    return ids.to_pylist()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", "5\n007\n\n 5 \n6", ["5", "007", "6"]),
        ("a.txt", "article_id\r\nred, large\r\n", ["red, large"]),
        ("a", "\ufeff5\n", ["5"]),
        ("a.csv", "article_id,why\n5,late\n6,\n", ["5", "6"]),
        ("a.csv", "5;late\n6;\n", ["5", "6"]),
        ("a.csv", 'why,article_id\nlate,"a,b"\n,6\nshort\n', ["a,b", "6"]),
        ("a.tsv", "5\tlate\n6\t\n", ["5", "6"]),
        ("a.csv", "5\n6\n5\n", ["5", "6"]),
    ],
)
def test_text_and_csv(tmp_path, name, text, expected):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    assert read(path) == expected
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read(packed) == expected


@pytest.mark.parametrize(
    "ids", [pa.array([5, None, 6]), pa.array([5.0, 6.0]), pa.array(["5", "", "6"])]
)
def test_parquet(tmp_path, ids):
    pq.write_table(pa.table({"why": ids, "article_id": ids}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == ["5", "6"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError) as error:
        read(tmp_path / "a.txt")
    assert error.value.message == (f"recommend.deny = '{tmp_path}/a.txt': there is no such file")
    assert error.value.remedy == "check the path, or set recommend.deny = ''"
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"), [("a.txt", ""), ("a.csv", "article_id,why\n"), ("a.csv", "\n\n")]
)
def test_a_file_without_ids(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match="there are no ids in the file"):
        read(tmp_path / name)


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"a.txt: cannot be read: .*utf-8"):
        read(tmp_path / "a.txt")


def test_parquet_without_ids(tmp_path):
    pq.write_table(pa.table({"ArticleId": [5]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="no single column 'article_id'; it has ArticleId") as error:
        read(tmp_path / "a.parquet")
    assert error.value.remedy == "rename 'ArticleId' to it"
    pq.write_table(pa.table({"article_id": [True]}), tmp_path / "b.parquet")
    with pytest.raises(DataError, match="is bool; ids are integers or strings"):
        read(tmp_path / "b.parquet")
