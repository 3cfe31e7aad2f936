"""Ids of a bounded number of rows, of parquet and csv."""

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest

from cfdist.errors import DataError
from cfdist.input.source import Part
from cfdist.planning.rows import choose_parts, mean_bytes, read_rows
from cfdist.settings import Columns, IngestSettings

N = 1000


def table(**columns) -> pa.Table:
    base = {"user_id": [row // 4 for row in range(N)], "article_id": [row % 50 for row in range(N)]}
    return pa.table(base | columns)


def settings_of(path, **given) -> IngestSettings:
    return IngestSettings(input=str(path), **given)


def test_all_rows_of_a_small_table(tmp_path):
    pq.write_table(table(), tmp_path / "rows.parquet")
    rows = read_rows(settings_of(tmp_path / "rows.parquet"), 10_000)
    assert (rows.n_rows, len(rows.user), rows.scope, rows.factor) == (N, N, "", 1)
    assert rows.file_bytes == (tmp_path / "rows.parquet").stat().st_size
    assert rows.read_tasks == 1
    assert not rows.has_basket_ids


def test_a_large_table_is_read_in_part(tmp_path):
    for number in range(10):
        pq.write_table(table(), tmp_path / f"{number}.parquet")
    rows = read_rows(settings_of(tmp_path), 4 * N)
    assert (rows.n_rows, len(rows.user)) == (10 * N, 4 * N)
    assert rows.factor == 2.5
    assert rows.scope == "4,000 of about 10,000 rows"


def test_rows_that_ingest_drops_are_not_counted(tmp_path):
    users = [None if row < 100 else row for row in range(N)]
    articles = [None if row >= 900 else row for row in range(N)]
    dirty = table(user_id=pa.array(users, pa.int64()), article_id=pa.array(articles, pa.int64()))
    pq.write_table(dirty, tmp_path / "rows.parquet")
    assert read_rows(settings_of(tmp_path), N).n_rows == 800


def test_guests_serve_baskets_where_there_are_ids(tmp_path):
    users = pa.array([None if row < 100 else row for row in range(N)], pa.int64())
    quantity = [-1 if row < 10 or row > 990 else 1 for row in range(N)]
    pq.write_table(
        table(user_id=users, basket_id=list(range(N)), quantity=quantity), tmp_path / "rows.parquet"
    )
    rows = read_rows(
        settings_of(tmp_path, columns=Columns(basket_id="basket_id", quantity="quantity")), N
    )
    assert len(rows.user) == N - 10  # what guests returned is nobody's
    assert rows.user.null_count == 90
    assert sum(not bought.as_py() for bought in rows.bought) == 9


def test_only_rows_within_the_dates(tmp_path):
    days = pa.array([row * 86_400_000_000 for row in range(10_000, 10_000 + N)], pa.timestamp("us"))
    pq.write_table(table(timestamp=days), tmp_path / "rows.parquet")
    columns = Columns(timestamp="timestamp")
    rows = read_rows(settings_of(tmp_path, columns=columns, first_date="1999-01-01"), N)
    assert 0 < rows.n_rows < N


def test_times_that_are_text_are_larger(tmp_path):
    columns = Columns(timestamp="timestamp")
    pq.write_table(table(timestamp=["2026-01-01 10:00:00"] * N), tmp_path / "rows.parquet")
    assert read_rows(
        settings_of(tmp_path, columns=columns, timestamp_format="iso"), N
    ).time_text_bytes
    pq.write_table(
        table(timestamp=pa.array([2 * 10**15] * N, pa.timestamp("us"))), tmp_path / "rows.parquet"
    )
    assert not read_rows(settings_of(tmp_path, columns=Columns()), N).time_text_bytes


def test_csv_is_read_whole_or_counted_by_the_length_of_its_lines(tmp_path):
    pc_csv.write_csv(table(), tmp_path / "rows.csv")
    whole = read_rows(settings_of(tmp_path), N + 1)
    assert (whole.n_rows, whole.scope) == (N, "")
    assert pa.types.is_string(whole.user.type)
    part = read_rows(settings_of(tmp_path), 10)
    assert part.n_rows == pytest.approx(N, rel=0.01)


def test_errors_are_those_of_the_input(tmp_path):
    with pytest.raises(DataError, match="no parquet or csv file"):
        read_rows(settings_of(tmp_path / "nothing.parquet"), N)
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(settings_of(tmp_path / "text.parquet"), N)
    pq.write_table(pa.table({"who": [1], "what": [2]}), tmp_path / "other.parquet")
    with pytest.raises(DataError, match="no column 'user_id'"):
        read_rows(settings_of(tmp_path / "other.parquet"), N)
    pq.write_table(table().slice(0, 0), tmp_path / "empty.parquet")
    with pytest.raises(DataError, match="no rows"):
        read_rows(settings_of(tmp_path / "empty.parquet"), N)
    nobody = pa.table({"user_id": pa.array([None, None], pa.int64()), "article_id": [1, 2]})
    pq.write_table(nobody, tmp_path / "nobody.parquet")
    with pytest.raises(DataError, match="no row can be used"):
        read_rows(settings_of(tmp_path / "nobody.parquet"), N)


@pytest.mark.parametrize(("n_parts", "max_rows"), [(10, 4 * 2**20), (40, 7 * 2**20), (3, 10**9)])
def test_parts_are_spread_over_the_input(n_parts, max_rows):
    parts = [Part(f"{number:03d}", "parquet", rows=2**20) for number in range(n_parts)]
    chosen = choose_parts(parts, max_rows)
    assert len({part.url for part in chosen}) == len(chosen) == min(n_parts, max_rows // 2**20)
    first_half = sorted(int(part.url) for part in chosen[: max(1, len(chosen) // 2)])
    assert first_half[-1] - first_half[0] >= 0.4 * n_parts or len(chosen) < 4


def test_bytes_of_ids():
    assert mean_bytes(pa.array([1, 2])) == 8
    assert mean_bytes(pa.array(["a", "abc", None])) == 2
