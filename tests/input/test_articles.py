"""What a table tells of articles: found, matched by the exact id, or refused."""

from datetime import UTC, date, datetime
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cfdist.errors import DataError
from cfdist.input.articles import (
    check_articles,
    describe_articles,
    find_articles,
    look_up_articles,
    table_columns,
)
from cfdist.settings import IngestSettings

NUMBERS = pa.array([71053, 5, 6])
TEXTS = pa.array(["0071053", "71053", "85123A"])


def settings(articles: object | None, given: object = "x.parquet") -> IngestSettings:
    chosen = None if articles is None else str(articles)
    return IngestSettings(input=str(given), articles=chosen)


def write(path: Path, **columns) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    else:
        rows = [columns, *zip(*columns.values(), strict=True)]
        path.write_text("".join(";".join(map(str, row)) + "\n" for row in rows))
    return path


def describe(path: object, ids: pa.Array) -> dict[str, list]:
    check_articles(settings(path), ids.type)
    described = describe_articles(settings(path), ids)
    assert all(values.type == pa.string() for values in described.values())
    return {column: values.to_pylist() for column, values in described.items()}


def refused(path: Path, id_type: pa.DataType) -> DataError:
    """The error, which is the same before anything is computed and afterwards."""
    interactions = write(path.parent / "interactions.parquet", user_id=[1], article_id=[1])
    with pytest.raises(DataError) as early:
        check_articles(settings(path, interactions), id_type)
    with pytest.raises(DataError) as late:
        describe_articles(settings(path, interactions), pa.array([], id_type))
    assert str(early.value) == str(late.value)
    return early.value


# where


def test_set_table_wins_over_the_one_beside_the_input(tmp_path):
    beside = write(tmp_path / "articles.parquet", article_id=[1])
    interactions = tmp_path / "interactions.parquet"
    assert find_articles(settings(None, interactions)) == str(beside)
    assert find_articles(settings("other.csv", interactions)) == "other.csv"
    assert find_articles(settings("", interactions)) is None


@pytest.mark.parametrize("address", ["{}/*.parquet", "file://{}/x.parquet", "{}/deeper/x.parquet"])
def test_nothing_is_looked_for_beside_other_addresses(tmp_path, address):
    write(tmp_path / "articles.parquet", article_id=[1])
    assert find_articles(settings(None, address.format(tmp_path))) is None


def test_without_a_table_nothing_is_known():
    check_articles(settings(None), pa.int64())
    described = describe_articles(settings(None), NUMBERS)
    assert [values.null_count for values in described.values()] == [3, 3, 3, 3]


# what


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.uint64(), pa.float64()])
def test_numbers_of_any_width_match(tmp_path, kind):
    ids = pa.array([5, 71053, None, 9], kind)
    path = write(tmp_path / "a.parquet", article_id=ids, name=["five", "many", "none", "nine"])
    assert describe(path, NUMBERS) == {
        "name": ["many", "five", None], "category": [None] * 3, "brand": [None] * 3,
        "variant_of": [None] * 3,
    }  # fmt: skip


@pytest.mark.parametrize("encoded", [False, True])
def test_texts_match_exactly(tmp_path, encoded):
    ids, brand = pa.array(["71053", "0071053"]), pa.array(["x", None])
    if encoded:
        ids, brand = ids.dictionary_encode(), brand.dictionary_encode()
    path = write(tmp_path / "a.parquet", article_id=ids, category=[7, 8], brand=brand)
    assert describe(path, TEXTS) == {
        "name": [None] * 3, "category": ["8", "7", None], "brand": [None, "x", None],
        "variant_of": [None] * 3,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_csv_matches_numbers_and_texts_by_their_digits(tmp_path, name):
    path = write(
        tmp_path / "a.csv", article_id=["0071053", "71053", "85123A"],
        name=["007", '"a;b"', "2024-01-01"], brand=["true", "NA", "é"],
    )  # fmt: skip
    if name.endswith("gz"):
        with fsspec.open(str(tmp_path / name), "wb", compression="gzip") as handle:
            handle.write(path.read_bytes())
        path = tmp_path / name
    described = describe(path, TEXTS)
    assert described["name"] == ["007", "a;b", "2024-01-01"]
    assert described["brand"] == ["true", None, "é"]
    assert describe(path, NUMBERS)["name"] == ["a;b", None, None]


@pytest.mark.parametrize("ids", [pa.array([71053, 5]), pa.array([71053.0, 5.0])])
def test_numbers_match_the_digits_of_interactions_in_csv(tmp_path, ids):
    """Text is all that csv can hold, so that it is no other type."""
    path = write(tmp_path / "a.parquet", article_id=ids, name=["many", "five"])
    interactions = write(tmp_path / "i.csv", user_id=[1], article_id=["0071053"])
    found = describe_articles(settings(path, interactions), TEXTS)
    assert found["name"].to_pylist() == [None, "many", None]
    other = write(tmp_path / "i.parquet", user_id=[1], article_id=["0071053"])
    with pytest.raises(DataError, match="the interactions have string"):
        describe_articles(settings(path, other), TEXTS)


def test_first_of_several_rows_with_one_id(tmp_path):
    path = write(tmp_path / "a.parquet", article_id=[5, 5], name=["first", "second"])
    assert describe(path, NUMBERS)["name"] == [None, "first", None]


def test_folder_of_files(tmp_path):
    write(tmp_path / "a.parquet", article_id=[5], name=["five"])
    write(tmp_path / "b.parquet", article_id=[6], brand=["six"])
    (tmp_path / "_SUCCESS").write_bytes(b"")
    assert describe(tmp_path, NUMBERS)["name"] == [None, "five", None]
    assert describe(tmp_path, NUMBERS)["brand"] == [None, None, "six"]


def test_table_without_rows(tmp_path):
    for path in (
        write(tmp_path / "a.parquet", article_id=pa.array([], pa.int64())),
        write(tmp_path / "a.csv", article_id=[]),
    ):
        assert describe(path, NUMBERS)["name"] == [None] * 3


# families, and until when


def look_up(path: object, ids: pa.Array, column: str) -> list:
    check_articles(settings(path), ids.type)
    return look_up_articles(settings(path), ids, [column])[column].to_pylist()


@pytest.mark.parametrize(
    "families", [pa.array([5, None, 71053]), pa.array([5, None, 71053.0]),
                 pa.array(["5", "", "71053"]), pa.array(["5", None, "71053"]).dictionary_encode()],
)  # fmt: skip
def test_families_are_ids_as_text(tmp_path, families):
    path = write(tmp_path / "a.parquet", article_id=[71053, 5, 6], variant_of=families)
    assert look_up(path, NUMBERS, "variant_of") == ["5", None, "71053"]


def test_families_in_csv_keep_their_zeros(tmp_path):
    path = write(tmp_path / "a.csv", article_id=["0071053", "71053"], variant_of=["007", ""])
    assert look_up(path, TEXTS, "variant_of") == ["007", None, None]


@pytest.mark.parametrize(
    "until",
    [
        pa.array([datetime(2026, 1, 31), None]),
        pa.array([datetime(2026, 1, 31, tzinfo=UTC), None], pa.timestamp("ns", tz="Asia/Tokyo")),
        pa.array([date(2026, 1, 31), None]),
        pa.array([date(2026, 1, 31), None], pa.date64()),
        pa.array(["2026-01-31", ""]),
        pa.array(["2026-01-31T09:00:00+09:00", None]),
    ],
)
def test_ends_of_availability_are_times_or_dates(tmp_path, until):
    path = write(tmp_path / "a.parquet", article_id=[71053, 5], available_until=until)
    expected = [datetime(2026, 1, 31), None, None]
    assert look_up(path, NUMBERS, "available_until") == expected


def test_ends_of_availability_in_csv(tmp_path):
    path = write(tmp_path / "a.csv", article_id=[71053, 5], available_until=["2026-01-31", ""])
    expected = [datetime(2026, 1, 31), None, None]
    assert look_up(path, NUMBERS, "available_until") == expected


def test_columns_are_known_from_the_header(tmp_path):
    assert table_columns(settings(None), pa.int64()) == set()
    write(tmp_path / "a.parquet", article_id=[5], variant_of=[6])
    write(tmp_path / "b.csv", article_id=[5], shelf=["x"])
    found = table_columns(settings(tmp_path), pa.int64())
    assert found == {"article_id", "variant_of", "shelf"}


# refused


@pytest.mark.parametrize(
    ("column", "values", "remedy"),
    [
        ("variant_of", pa.array([True]), "store ids of articles or families there"),
        ("variant_of", pa.array([b"5"]), "store ids of articles or families there"),
        ("available_until", pa.array([20260131]), "cast the column to a timestamp or a date"),
        ("available_until", pa.array([0.5]), "cast the column to a timestamp or a date"),
    ],
)
def test_rules_of_another_type(tmp_path, column, values, remedy):
    path = write(tmp_path / "a.parquet", article_id=[5], **{column: values})
    with pytest.raises(DataError) as error:
        check_articles(settings(path), pa.int64())
    assert error.value.message == f"{path}: column {column!r} is {values.type}"
    assert error.value.remedy == (
        f"{remedy}, or rename it, or ignore the table with ingest.articles = ''"
    )


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_ends_of_availability_that_are_no_dates(tmp_path, name):
    until = ["2026-01-31", "next week"]
    path = write(tmp_path / name, article_id=[5, 6], available_until=until)
    with pytest.raises(DataError) as error:
        look_up(path, NUMBERS, "available_until")
    assert error.value.message == (
        f"{path}: column 'available_until', row 1: 'next week' does not have the format 'iso'"
    )
    assert error.value.remedy.startswith("write it as 2026-01-31 or 2026-01-31T12:00:00Z, or")


def test_families_that_are_no_ids(tmp_path):
    path = write(tmp_path / "a.parquet", article_id=[5, 6], variant_of=[5.0, 5.5])
    with pytest.raises(DataError, match=r"column 'variant_of', row 1: '5.5' is not a whole number"):
        look_up(path, NUMBERS, "variant_of")


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_missing_id_column_names_the_nearest(tmp_path, name):
    path = write(tmp_path / name, ArticleID=[5], name=["five"])
    error = refused(path, pa.int64())
    assert error.message == (
        f"{path}: there is no single column 'article_id'; it has ArticleID, name"
    )
    assert error.remedy == "rename 'ArticleID' to it, or ignore the table with ingest.articles = ''"


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        (pa.array(["5"]), pa.int64()), (pa.array([5]), pa.string()), (pa.array([5.0]), pa.string()),
        (pa.array([True]), pa.int64()), (pa.array([b"5"]), pa.string()), (pa.nulls(1), pa.int64()),
    ],
)  # fmt: skip
def test_ids_of_another_type(tmp_path, ids, wanted):
    path = write(tmp_path / "a.parquet", article_id=ids)
    error = refused(path, wanted)
    message = f"{path}: column 'article_id' is {ids.type}, the interactions have {wanted}"
    assert error.message == message
    assert "ingest.articles = ''" in error.remedy


def test_ids_that_are_not_whole(tmp_path):
    path = write(tmp_path / "a.parquet", article_id=[5.0, 5.5])
    with pytest.raises(DataError, match=r"column 'article_id', row 1: '5.5' is not a whole number"):
        describe_articles(settings(path), NUMBERS)


@pytest.mark.parametrize(
    "names",
    [pa.array([["x"]]), pa.array([b"\xff"]), pa.array([b"\xff"]).view(pa.string())],
)
def test_names_that_are_no_text(tmp_path, names):
    path = write(tmp_path / "a.parquet", article_id=[5], name=names)
    with pytest.raises(DataError, match=r"column 'name', row 0: is .* cannot be read as text"):
        describe_articles(settings(path), NUMBERS)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet" * 9])
def test_damaged_table(tmp_path, content):
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    assert f"{path}: cannot be read" in refused(path, pa.int64()).message


def test_table_that_is_not_there(tmp_path):
    error = refused(tmp_path / "none.parquet", pa.int64())
    assert f"no parquet or csv file at {tmp_path}/none.parquet" in error.message
