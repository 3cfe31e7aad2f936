"""Files become the same rows, however they are stored; a damaged one is an error of its name."""

import gzip
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cfdist.errors import DataError
from cfdist.input import csv_text, source
from cfdist.input.read import read_part
from cfdist.input.source import Part, open_source
from cfdist.settings import Columns, IngestSettings

TABLE = pa.table(
    {
        "user_id": [f"u{row % 7}" for row in range(60)],
        "article_id": [f"{row % 11:07}" for row in range(60)],
        "quantity": [str(row % 5) for row in range(60)],
    }
)


def settings(address: object, **given) -> IngestSettings:
    return IngestSettings(input=str(address), **given)


def read(address: object, only: tuple[str, ...] = (), **given) -> pa.Table:
    """All rows of an input, in order."""
    chosen = settings(address, **given)
    found = open_source(chosen)
    tables = [
        table for part in found.parts for _, table in read_part(part, found.columns, chosen, only)
    ]
    return pa.concat_tables(tables).combine_chunks()


def csv(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def write_csv(path: Path, table: pa.Table = TABLE, mark: str = ",") -> Path:
    rows = [table.column_names, *zip(*table.to_pydict().values(), strict=True)]
    return csv(path, "".join(mark.join(row) + "\n" for row in rows))


# layouts


def one_parquet(folder: Path) -> None:
    pq.write_table(TABLE, folder / "a.parquet")


def many_row_groups(folder: Path) -> None:
    pq.write_table(TABLE, folder / "a.parquet", row_group_size=4)


def many_files(folder: Path) -> None:
    for start in range(0, 60, 7):
        pq.write_table(TABLE[start : start + 7], folder / f"{start:02}.parquet")


def dictionaries(folder: Path) -> None:
    columns = {name: TABLE[name].dictionary_encode() for name in TABLE.column_names}
    pq.write_table(pa.table(columns), folder / "a.parquet")


def other_order_and_more_columns(folder: Path) -> None:
    table = TABLE.select(["quantity", "article_id", "user_id"])
    pq.write_table(table.append_column("note", pa.array([[1]] * 60)), folder / "a.parquet")


def comma(folder: Path) -> None:
    write_csv(folder / "a.csv")


def semicolon(folder: Path) -> None:
    write_csv(folder / "a.csv", mark=";")


def tab(folder: Path) -> None:
    write_csv(folder / "a.tsv", mark="\t")


def tab_in_csv(folder: Path) -> None:
    write_csv(folder / "a.csv", mark="\t")


def zipped(folder: Path) -> None:
    text = write_csv(folder / "plain").read_bytes()
    (folder / "a.csv.gz").write_bytes(gzip.compress(text))
    (folder / "plain").unlink()


def many_csv(folder: Path) -> None:
    for start in range(0, 60, 13):
        write_csv(folder / f"{start:02}.csv", TABLE[start : start + 13])


def byte_order_mark_and_carriage_returns(folder: Path) -> None:
    text = write_csv(folder / "a.csv").read_text()
    csv(folder / "a.csv", "\ufeff" + text.replace("\n", "\r\n"))


def quoted(folder: Path) -> None:
    rows = zip(*TABLE.to_pydict().values(), strict=True)
    lines = [",".join(f'"{value}"' for value in row) for row in rows]
    header = '"user_id","article_id","quantity"'
    csv(folder / "a.csv", "\n" + "\n".join([header, *lines]))


LAYOUTS = (
    one_parquet, many_row_groups, many_files, dictionaries, other_order_and_more_columns, comma,
    semicolon, tab, tab_in_csv, zipped, many_csv, byte_order_mark_and_carriage_returns, quoted,
)  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("small_parts", [False, True])
def test_the_same_rows_in_every_layout(tmp_path, monkeypatch, layout, small_parts):
    if small_parts:
        monkeypatch.setattr(source, "PART_ROWS", 9)
        monkeypatch.setattr(csv_text, "BLOCK_BYTES", 128)
    layout(tmp_path)
    table = read(tmp_path)
    texts = {name: table[name].cast(pa.string()) for name in table.column_names}
    assert pa.table(texts).to_pydict() == TABLE.to_pydict()


def test_columns_are_mapped_to_canonical_names(tmp_path):
    table = TABLE.rename_columns(["Customer ID", "Stock.Code", "Qty"])
    pq.write_table(table, tmp_path / "a.parquet")
    write_csv(tmp_path / "a.csv", table)
    columns = Columns(user_id="Customer ID", article_id="Stock.Code", quantity="Qty")
    for name in ("a.parquet", "a.csv"):
        assert read(tmp_path / name, columns=columns).to_pydict() == TABLE.to_pydict()


def test_one_column_may_play_two_roles(tmp_path):
    pq.write_table(TABLE, tmp_path / "a.parquet")
    table = read(tmp_path, columns=Columns(basket_id="user_id"))
    assert table["basket_id"] == table["user_id"]


def test_only_the_wanted_columns_are_read(tmp_path):
    one_parquet(tmp_path)
    write_csv(tmp_path / "b.csv")
    for name in ("a.parquet", "b.csv"):
        assert read(tmp_path / name, ("user_id",)).column_names == ["user_id"]


# hive


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("only", [(), ("user_id",)])
def test_columns_of_folder_names(tmp_path, suffix, only):
    for user in ("u%201", "__HIVE_DEFAULT_PARTITION__"):
        folder = tmp_path / f"user_id={user}"
        folder.mkdir()
        rows = pa.table({"article_id": ["0071053", "2"]})
        if suffix == "csv":
            write_csv(folder / "a.csv", rows)
        else:
            pq.write_table(rows, folder / "a.parquet")
    table = read(tmp_path, only)
    assert table["user_id"].to_pylist() == [None, None, "u 1", "u 1"]
    assert only or table["article_id"].to_pylist() == ["0071053", "2"] * 2


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_column_of_the_file_wins_over_the_folder(tmp_path, suffix):
    folder = tmp_path / "user_id=folder"
    folder.mkdir()
    rows = pa.table({"user_id": ["file"], "article_id": ["1"]})
    if suffix == "csv":
        write_csv(folder / "a.csv", rows)
    else:
        pq.write_table(rows, folder / "a.parquet")
    assert read(tmp_path)["user_id"].to_pylist() == ["file"]


# csv values


def test_csv_values_are_text_as_they_stand(tmp_path):
    ids = ["0071053", "71053", "1e5", "17850.0", " x", "x ", "2024-01-01", "true", "é", "é", "😀"]
    path = csv(tmp_path / "a.csv", "user_id,article_id\n" + "".join(f"{i},a\n" for i in ids))
    assert read(path)["user_id"].to_pylist() == ids


def test_quotes_hold_separators_newlines_and_quotes(tmp_path):
    text = 'user_id,"article_id","a,b\nc"\n"u,1","line\nbreak",x\n"say ""hi""",a;b,"\n\n"\n'
    table = read(csv(tmp_path / "a.csv", text))
    assert table.to_pydict() == {
        "user_id": ["u,1", 'say "hi"'],
        "article_id": ["line\nbreak", "a;b"],
    }


def test_quotes_may_span_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_text, "BLOCK_BYTES", 64)
    texts = ["\n" * (row % 40) + str(row) for row in range(60)]
    path = csv(tmp_path / "a.csv", "user_id,article_id\n" + "".join(f'"{t}",x\n' for t in texts))
    assert read(path)["user_id"].to_pylist() == texts


def test_suffix_tsv_means_tabs(tmp_path):
    path = csv(tmp_path / "a.tsv", "user_id\tarticle_id\ta,b,c,d\n1\t2\t3,4,5,6\n")
    assert read(path).to_pydict() == {"user_id": ["1"], "article_id": ["2"]}


def test_words_for_missing_values_are_missing_unless_quoted(tmp_path):
    words = ["", "NULL", "null", "NA", "NaN", "nan", "None"]
    lines = [f"{word},a\n" for word in words] + [f'"{word}",a\n' for word in words]
    path = csv(tmp_path / "a.csv", "user_id,article_id\n" + "".join(lines))
    assert read(path)["user_id"].to_pylist() == [None] * len(words) + words


def test_separator_is_taken_from_outside_the_quotes_of_the_header(tmp_path):
    path = csv(tmp_path / "a.csv", '"a,b,c,d";user_id;article_id\n1;2;3\n')
    assert read(path).to_pydict() == {"user_id": ["2"], "article_id": ["3"]}


def test_header_without_rows(tmp_path):
    path = csv(tmp_path / "a.csv", "user_id,article_id")
    found = open_source(settings(path))
    rows = read_part(found.parts[0], found.columns, settings(path))
    assert sum(table.num_rows for _, table in rows) == 0


# places


def test_rows_are_counted_from_the_start_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_text, "BLOCK_BYTES", 200)
    monkeypatch.setattr(source, "PART_ROWS", 10)
    for path in (write_csv(tmp_path / "a.csv"), tmp_path / "a.parquet"):
        if path.suffix == ".parquet":
            pq.write_table(TABLE, path, row_group_size=10)
        found = open_source(settings(path))
        places = [
            where
            for part in found.parts
            for where, _ in read_part(part, found.columns, settings(path))
        ]
        assert len(places) > 3
        ends = [where.first_row + where.rows for where in places]
        assert [where.first_row for where in places] == [0, *ends[:-1]]
        assert ends[-1] == 60
        assert all(where.names == {**found.columns.named()} for where in places)


# damage


def damaged(path: Path, given: IngestSettings | None = None) -> str:
    """Message of the error that reading the file gives."""
    with pytest.raises(DataError) as error:
        read(path)
    assert error.value.message.startswith(f"{path}: ")
    assert error.value.remedy
    return error.value.message


@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
def test_flipped_bytes_of_data_pages_are_found_by_their_checksums(tmp_path, compression):
    path = tmp_path / "a.parquet"
    pq.write_table(TABLE, path, compression=compression, write_page_checksum=True)
    good = path.read_bytes()
    column = pq.read_metadata(path).row_group(0).column(0)
    end = column.data_page_offset + column.total_compressed_size - column.dictionary_page_offset
    for at in range(end - 8, end):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])
        assert "cannot be read" in damaged(path)


def test_flipped_bytes_without_checksums_never_give_another_error(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(TABLE, path, compression="snappy")
    good = path.read_bytes()
    refused = []
    for at in range(4, len(good), 13):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        try:
            read(path)
        except DataError as error:
            refused.append(error.message)
    assert len(refused) > 20
    assert all(str(path) in message for message in refused)


@pytest.mark.parametrize("kept", [0, 1, 4, 0.5, -8, -1])
def test_truncated_parquet(tmp_path, kept):
    path = tmp_path / "a.parquet"
    one_parquet(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])
    damaged(path)


@pytest.mark.parametrize("at", [-4, -1])
def test_wrong_magic(tmp_path, at):
    path = tmp_path / "a.parquet"
    one_parquet(tmp_path)
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)
    assert "magic" in damaged(path)


def test_file_that_is_gone_when_it_is_read(tmp_path):
    one_parquet(tmp_path)
    given = settings(tmp_path)
    found = open_source(given)
    (tmp_path / "a.parquet").unlink()
    with pytest.raises(DataError, match=f"{tmp_path}/a.parquet: cannot be read") as error:
        list(read_part(found.parts[0], found.columns, given))
    assert "every worker" in error.value.remedy


def test_file_that_changed_since_its_footer_was_read(tmp_path):
    one_parquet(tmp_path)
    given = settings(tmp_path)
    found = open_source(given)
    pq.write_table(TABLE[:10], tmp_path / "a.parquet")
    with pytest.raises(DataError, match="has 10 rows where its footer said 60"):
        list(read_part(found.parts[0], found.columns, given))


@pytest.mark.parametrize("kept", [0.5, -1])
def test_truncated_gzip(tmp_path, kept):
    zipped(tmp_path)
    path = tmp_path / "a.csv.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])
    assert "cannot be read" in damaged(path)


def test_what_is_no_gzip(tmp_path):
    path = write_csv(tmp_path / "a.csv.gz")
    assert "cannot be read: Not a gzipped file" in damaged(path)


@pytest.mark.parametrize("block_bytes", [2**20, 64])
@pytest.mark.parametrize(
    ("row", "problem"),
    [("1,2,3", "Expected 2 columns, got 3: 1,2,3"), ("1", "Expected 2 columns, got 1: 1")],
)
def test_csv_row_of_another_length(tmp_path, monkeypatch, row, problem, block_bytes):
    monkeypatch.setattr(csv_text, "BLOCK_BYTES", block_bytes)
    lines = ["user_id,article_id", *["1,2"] * 30, '"\n",x', row, "1,2"]
    path = csv(tmp_path / "a.csv", "\n".join(lines))
    assert damaged(path) == f"{path}: row 31: {problem}"


@pytest.mark.parametrize("block_bytes", [2**20, 64])
def test_csv_value_that_is_not_utf8(tmp_path, monkeypatch, block_bytes):
    monkeypatch.setattr(csv_text, "BLOCK_BYTES", block_bytes)
    lines = [b"note,user_id,Code", *[b"\xff,1,2"] * 30, b"x,1,caf\xe9", b"x,1,2"]
    path = csv(tmp_path / "a.csv", b"\n".join(lines))
    given = settings(path, columns=Columns(article_id="Code"))
    found = open_source(given)
    with pytest.raises(DataError) as error:
        list(read_part(found.parts[0], found.columns, given))
    assert error.value.message == f"{path}: column 'Code', row 30: is not UTF-8 text"
    assert "iconv" in error.value.remedy


def test_csv_header_that_is_not_utf8(tmp_path):
    for content in (b"caf\xe9,user_id\n", "user_id,article_id\n1,2\n".encode("utf-16")):
        path = csv(tmp_path / "a.csv", content)
        assert damaged(path) == f"{path}: the header is not UTF-8 text"


def test_csv_row_longer_than_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_text, "BLOCK_BYTES", 64)
    path = csv(tmp_path / "a.csv", "user_id,article_id\n1,2\n" + "x" * 500 + ",2\n1,2\n")
    assert "cannot be read" in damaged(path)


# addresses


def test_memory_and_file_addresses_read_the_same(tmp_path):
    one_parquet(tmp_path)
    write_csv(tmp_path / "b.csv")
    memory = fsspec.filesystem("memory")
    try:
        for name in ("a.parquet", "b.csv"):
            memory.pipe(f"/in/{name}", (tmp_path / name).read_bytes())
            assert read(f"memory://in/{name}") == read(tmp_path / name)
            assert read(f"file://{tmp_path}/{name}") == read(tmp_path / name)
    finally:
        memory.store.clear()


def test_another_process_reads_what_a_file_address_named(tmp_path):
    one_parquet(tmp_path)
    given = settings(f"file://{tmp_path}")
    found = open_source(given)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        rows = pool.submit(_count_rows, found.parts[0], found.columns, given).result()
    assert rows == 60


def _count_rows(part: Part, columns: Columns, given: IngestSettings) -> int:
    return sum(table.num_rows for _, table in read_part(part, columns, given))


def test_int96_times_of_the_year_9999_do_not_wrap(tmp_path):
    years = pa.array([253_402_300_799_000_000, 0]).cast(pa.timestamp("us"))
    table = pa.table({"user_id": [1, 2], "article_id": [1, 2], "timestamp": years})
    pq.write_table(table, tmp_path / "a.parquet", use_deprecated_int96_timestamps=True)
    assert read(tmp_path)["timestamp"].combine_chunks() == years
