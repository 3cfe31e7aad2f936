"""Which files are read, in which parts, and what is refused before anything is read."""

import pickle
import zipfile
from importlib.util import find_spec
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cfdist.errors import DataError
from cfdist.input import source
from cfdist.input.source import Part, file_format, id_kind, list_files, nearest_name, open_source
from cfdist.settings import Columns, IngestSettings

ROWS = {"user_id": [1, 2, 3], "article_id": [7, 8, 9]}


def write(path: Path, rows: dict | None = None, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(ROWS if rows is None else rows), path, **options)
    return path


def settings(address: object, **given) -> IngestSettings:
    return IngestSettings(input=str(address), **given)


def names(address: object, **given) -> list[str]:
    return [Path(url).name for url in list_files(settings(address, **given))]


@pytest.fixture
def memory():
    """An empty file system at memory://."""
    fs = fsspec.filesystem("memory")
    yield fs
    fs.store.clear()
    fs.pseudo_dirs[:] = [""]


# files


def test_folder_is_read_in_order_without_hidden_files_and_markers(tmp_path):
    for name in ("b.parquet", "a.parquet", "deep/c.parquet"):
        write(tmp_path / name)
    for name in ("_SUCCESS", "_metadata.parquet", ".a.parquet.crc", ".hidden.parquet",
                 "_temporary/0/x.parquet", ".cache/x.parquet", "notes.txt"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert names(tmp_path) == ["a.parquet", "b.parquet", "c.parquet"]
    assert names(f"{tmp_path}/") == ["a.parquet", "b.parquet", "c.parquet"]


def test_glob_matches_files_and_folders_of_files(tmp_path):
    for name in ("2024.parquet/part-0.parquet", "2025.parquet/part-1.parquet", "2026.parquet"):
        write(tmp_path / name)
    (tmp_path / "2024.parquet" / "_SUCCESS").write_bytes(b"")
    assert names(tmp_path / "*.parquet") == ["part-0.parquet", "part-1.parquet", "2026.parquet"]
    assert names(tmp_path / "202[46]*") == ["part-0.parquet", "2026.parquet"]
    assert names(tmp_path / "**" / "part-*.parquet") == ["part-0.parquet", "part-1.parquet"]


@pytest.mark.parametrize("name", ["a[1].parquet", "what?.parquet", "_one.parquet", ".one", "one"])
def test_file_that_the_user_names_is_read_whatever_its_name(tmp_path, name):
    assert names(write(tmp_path / name)) == [name]


def test_suffix_or_setting_gives_the_format():
    formats = {
        "a.parquet": "parquet", "a.PQ": "parquet", "a.csv": "csv", "a.csv.gz": "csv",
        "a.tsv": "csv", "a": "parquet", "https://x.org/a.csv?signed=a.b": "csv",
        "zip://a.csv::file:///b.zip": "csv", "simplecache::s3://b/a.csv": "csv",
    }  # fmt: skip
    assert {url: file_format(url, settings("")) for url in formats} == formats
    assert file_format("a", settings("", format="csv")) == "csv"


@pytest.mark.parametrize(
    "address", ["{tmp}/none.parquet", "{tmp}/empty", "{tmp}/*.parquet", "memory://none"]
)
def test_nothing_there(tmp_path, address):
    (tmp_path / "empty").mkdir()
    address = address.format(tmp=tmp_path)
    with pytest.raises(DataError, match="no parquet or csv file at") as error:
        list_files(settings(address))
    assert address in error.value.message
    assert error.value.remedy


def test_no_address_is_not_the_working_folder(tmp_path, monkeypatch):
    write(tmp_path / "a.parquet")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"ingest\.input is empty"):
        list_files(settings(""))


@pytest.mark.parametrize("address", ["nosuchthing://bucket/x", "s3://bucket/x"])
def test_file_system_that_cannot_be_opened_names_the_address(address):
    if address.startswith("s3") and find_spec("s3fs"):
        pytest.skip("s3fs is installed")
    with pytest.raises(DataError, match=f"{address}: cannot be read: ") as error:
        list_files(settings(address))
    assert error.value.remedy == "check the address"


def test_wrong_storage_options_are_an_error_of_the_address(tmp_path):
    given = {"storage_options": {"protocol": 3, "auto_mkdir": True, "no": {}}}
    with pytest.raises(DataError, match="cannot be read"):
        list_files(settings("github://org:repo@main/x.parquet", **given))


# addresses


def test_memory_and_file_addresses_give_what_the_path_gives(tmp_path, memory):
    write(tmp_path / "in" / "a.parquet")
    write(tmp_path / "in" / "b.parquet")
    with memory.open("/in/a.parquet", "wb") as handle:
        pq.write_table(pa.table(ROWS), handle)
    assert list_files(settings("memory://in")) == ["memory:///in/a.parquet"]
    assert list_files(settings("memory://in/*.parquet")) == ["memory:///in/a.parquet"]
    local = list_files(settings(tmp_path / "in"))
    assert list_files(settings(f"file://{tmp_path}/in")) == local
    assert list_files(settings(f"file://{tmp_path}/in/*.parquet")) == local
    assert all("://" not in url for url in local)


def test_chained_addresses_stay_chained(tmp_path, memory):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(write(tmp_path / "x.parquet"), "in/a.parquet")
    chained = f"zip://in/*.parquet::file://{tmp_path}/all.zip"
    (url,) = list_files(settings(chained))
    assert url == f"zip://in/a.parquet::file://{tmp_path}/all.zip"
    assert open_source(settings(chained)).parts[0].rows == 3
    with memory.open("/in/a.parquet", "wb") as handle:
        pq.write_table(pa.table(ROWS), handle)
    (url,) = list_files(settings("filecache::memory://in"))
    assert url == "filecache::memory:///in/a.parquet"
    assert open_source(settings("filecache::memory://in")).parts[0].rows == 3


def test_parts_travel_to_other_processes(tmp_path):
    write(tmp_path / "day=1" / "a.parquet")
    part = open_source(settings(f"file://{tmp_path}")).parts[0]
    assert pickle.loads(pickle.dumps(part)) == part


# parts


def test_many_row_groups_become_parts_of_about_a_million_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "PART_ROWS", 25)
    rows = {"user_id": list(range(102)), "article_id": list(range(102))}
    found = open_source(settings(write(tmp_path / "a.parquet", rows, row_group_size=10)))
    assert [part.row_groups for part in found.parts] == [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10)]
    assert [(part.first_row, part.rows) for part in found.parts] == [
        (0, 30), (30, 30), (60, 30), (90, 12)
    ]  # fmt: skip


def test_hive_folders_are_columns(tmp_path):
    base = tmp_path / "x=above"
    write(base / "in" / "day=2024-01-01" / "shop=a%2Fb" / "p.parquet")
    write(base / "in" / "day=__HIVE_DEFAULT_PARTITION__" / "shop=c" / "p.parquet")
    given = {"columns": Columns(basket_id="shop", timestamp="day")}
    found = open_source(settings(base / "in", **given))
    assert [part.hive["day"] for part in found.parts] == ["2024-01-01", None]
    assert [part.hive["shop"] for part in found.parts] == ["a/b", "c"]
    assert found.id_types["basket_id"] == pa.string()
    part = found.parts[0]
    assert part.is_text("timestamp")
    assert not part.is_text("user_id")


# columns


def test_optional_columns_are_found_by_name_in_any_file(tmp_path):
    write(tmp_path / "a.parquet")
    write(tmp_path / "b.parquet", ROWS | {"quantity": [1, 2, 3]})
    with pytest.raises(DataError) as error:
        open_source(settings(tmp_path))
    assert f"{tmp_path}/a.parquet: there is no column 'quantity' for quantity" in str(error.value)
    assert f"it is in {tmp_path}/b.parquet" in str(error.value)
    left_out = settings(tmp_path, columns=Columns(quantity=""))
    assert open_source(left_out).columns.named() == {
        "user_id": "user_id", "article_id": "article_id",
    }  # fmt: skip


def test_missing_column_names_file_role_columns_and_the_nearest(tmp_path):
    path = write(tmp_path / "a.parquet", {"CustomerID": [1], "article_id": [2]})
    with pytest.raises(DataError) as error:
        open_source(settings(path))
    assert error.value.message == (
        f"{path}: there is no column 'user_id' for user_id; it has CustomerID, article_id"
    )
    assert "set ingest.columns.user_id = 'CustomerID'" in error.value.remedy


def test_missing_column_in_one_of_many_files_names_both(tmp_path):
    write(tmp_path / "a.parquet")
    write(tmp_path / "b.parquet", {"user_id": [1], "product": [2]})
    with pytest.raises(DataError) as error:
        open_source(settings(tmp_path))
    assert error.value.message.startswith(f"{tmp_path}/b.parquet: there is no column 'article_id'")
    assert f"(it is in {tmp_path}/a.parquet)" in error.value.message


def test_column_that_occurs_twice_cannot_be_mapped(tmp_path):
    columns = [pa.array([1]), pa.array([2]), pa.array([3])]
    table = pa.Table.from_arrays(columns, ["user_id", "article_id", "user_id"])
    pq.write_table(table, tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("user_id,article_id,user_id\n1,2,3\n")
    for name in ("a.parquet", "a.csv"):
        with pytest.raises(DataError, match=f"{name}: there are 2 columns 'user_id'") as error:
            open_source(settings(tmp_path / name))
        assert "rename" in error.value.remedy


def test_other_columns_may_occur_twice(tmp_path):
    (tmp_path / "a.csv").write_text("user_id,article_id,note,note\n1,2,3,4\n")
    assert open_source(settings(tmp_path / "a.csv")).parts


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("user_id", "userID"), ("article_id", "Article Id"), ("timestamp", None)],
)
def test_nearest_name_ignores_case_and_punctuation(name, nearest):
    assert nearest_name(name, ["userID", "Article Id", "qty"]) == nearest


# ids


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([True]), "bool"),
        (pa.array([b"x"]), "binary"),
        (pa.array([[1]]), "list"),
        (pa.array([{"a": 1}]), "struct"),
        (pa.array([b"0123456789abcdef"], pa.binary(16)), "fixed_size_binary"),
        (pa.array(["1"]).cast(pa.decimal128(5, 0)), "decimal"),
        (pa.array([1]).cast(pa.timestamp("us")), "timestamp"),
    ],
)
def test_type_that_cannot_be_an_id(tmp_path, values, kind):
    path = write(tmp_path / "a.parquet", {"user_id": values, "article_id": [2]})
    with pytest.raises(DataError) as error:
        open_source(settings(path))
    assert error.value.message.startswith(f"{path}: column 'user_id' (user_id) is {kind}")
    assert error.value.remedy == "cast the column to int64 or string"


@pytest.mark.parametrize("other", [pa.array(["a"]), pa.array(["a"]).dictionary_encode()])
def test_ids_of_mixed_type_across_files(tmp_path, other):
    write(tmp_path / "a.parquet")
    write(tmp_path / "b.parquet", {"user_id": other, "article_id": [2]})
    with pytest.raises(DataError) as error:
        open_source(settings(tmp_path))
    assert error.value.message == (
        f"column 'user_id' (user_id) has ids of mixed type: string in {tmp_path}/b.parquet, "
        f"int64 in {tmp_path}/a.parquet"
    )


def test_integers_of_any_width_floats_and_all_null_columns_go_together(tmp_path):
    for number, kind in enumerate((pa.int8(), pa.int64(), pa.uint64(), pa.float64(), pa.null())):
        values = pa.nulls(1) if kind == pa.null() else pa.array([1], kind)
        write(tmp_path / f"{number}.parquet", {"user_id": values, "article_id": [2]})
    found = open_source(settings(tmp_path))
    assert found.id_types == {"user_id": pa.int64(), "article_id": pa.int64()}
    assert found.notes == ["user_id: float ids that are whole numbers are read as int64"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (pa.uint16(), "int"), (pa.float16(), "float"), (pa.large_string(), "string"),
        (pa.string_view(), "string"), (pa.dictionary(pa.int8(), pa.string()), "string"),
        (pa.dictionary(pa.int8(), pa.int64()), "int"), (pa.null(), "null"), (pa.bool_(), None),
        (pa.duration("s"), None), (pa.uuid(), None),
    ],
)  # fmt: skip
def test_kinds_of_ids(kind, expected):
    assert id_kind(kind) == expected


# content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "size is 0 bytes"), (b"P", "size is 1 bytes"), (b"PAR1", "size is 4 bytes"),
        (b"PAR1PAR1", "cannot be read"), (b"x" * 5000, "magic bytes not found"),
    ],
)  # fmt: skip
def test_what_is_no_parquet_file(tmp_path, content, reason):
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match=reason) as error:
        open_source(settings(path))
    assert error.value.message.startswith(f"{path}: cannot be read: ")
    assert "write the file again" in error.value.remedy


def test_no_rows(tmp_path):
    empty = pa.table(ROWS).schema.empty_table()
    pq.write_table(empty, tmp_path / "one_empty_group.parquet")
    pq.ParquetWriter(tmp_path / "no_group.parquet", empty.schema).close()
    for address in (tmp_path, tmp_path / "one_empty_group.parquet", tmp_path / "no_group.parquet"):
        with pytest.raises(DataError, match=f"{address}: there are no rows"):
            open_source(settings(address))
    write(tmp_path / "z.parquet")
    assert sum(part.rows for part in open_source(settings(tmp_path)).parts) == 3


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_empty_csv(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{path}: the file is empty"):
        open_source(settings(path))


def test_places_are_for_people():
    part = Part("shop.csv", "csv", first_row=100, names={"user_id": "Customer ID"})
    assert part.place("user_id", 7) == "shop.csv: column 'Customer ID', row 107"
    error = part.error("user_id", 7, "1.5", "is wrong", "mend it")
    assert str(error) == "shop.csv: column 'Customer ID', row 107: '1.5' is wrong\n  → mend it"
