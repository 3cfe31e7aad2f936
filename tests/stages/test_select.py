"""The core through files and blocks, against rounds over a plain table."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from interaction_rows import assert_same_block
from running import open_context

from cfdist.algorithms import partitioning
from cfdist.errors import ConfigError, DataError
from cfdist.input import check, source
from cfdist.stages.index import index
from cfdist.stages.ingest import ingest
from cfdist.stages.matrix import matrix
from cfdist.stages.select import select

N_ROWS = 500
DAY = 86_400_000_000
START = 1_600_000_000_000_000


def some_rows(seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    user = (rng.pareto(0.7, N_ROWS) * 4).astype(np.int64) % 150
    article = (rng.pareto(0.7, N_ROWS) * 3).astype(np.int64) % 90
    return pa.table(
        {
            "user_id": pa.array(user, mask=rng.random(N_ROWS) < 0.1),
            "article_id": article,
            "basket_id": np.arange(N_ROWS),
            "quantity": rng.choice([1.0, -1.0, 0.0], N_ROWS, p=[0.9, 0.06, 0.04]),
            "timestamp": pa.array(START + rng.integers(0, 9, N_ROWS) * DAY).cast(
                pa.timestamp("us")
            ),
        }
    )


def core_of(rows: pd.DataFrame, min_articles: int, min_users: int) -> pd.DataFrame:
    """Rounds until nothing changes; rows as ingest leaves them."""
    rows = rows[rows["user_id"].notna() | (rows["quantity"] > 0)]
    while True:
        n_rows = len(rows)
        bought = rows[(rows["quantity"] > 0) & rows["user_id"].notna()]
        if min_articles > 1:
            n_articles = bought.groupby("user_id")["article_id"].nunique()
            few = rows["user_id"].map(n_articles).fillna(0) < min_articles
            rows = rows[rows["user_id"].isna() | ~few]
            bought = rows[(rows["quantity"] > 0) & rows["user_id"].notna()]
        if min_users > 1:
            n_users = bought.groupby("article_id")["user_id"].nunique()
            rows = rows[rows["article_id"].map(n_users).fillna(0) >= min_users]
        if len(rows) == n_rows:
            return rows


def rows_of(blocks: list) -> list:
    """Sorted (user, article, quantity, time) of all blocks."""
    found = []
    for block in blocks:
        users = [*block.user_ids.to_pylist(), None]
        articles = block.article_ids.to_pylist()
        found += [
            (users[u], articles[a], q, t)
            for u, a, q, t in zip(
                block.user, block.article, block.quantity.tolist(), block.timestamp.tolist(),
                strict=True,
            )
        ]  # fmt: skip
    return sorted(found, key=repr)


def plain(rows: pd.DataFrame) -> list:
    times = rows["timestamp"].astype("int64").tolist()
    users = [None if pd.isna(user) else int(user) for user in rows["user_id"]]
    found = zip(users, rows["article_id"].tolist(), rows["quantity"].tolist(), times, strict=True)
    return sorted(found, key=repr)


def selected(folder, address, **ingest_settings) -> tuple[list, dict, dict]:
    """Blocks, their description, and that of the rows before."""
    given = {"ingest": {"input": str(address), **ingest_settings}}
    with open_context(folder, given=given) as context:
        before = ingest(context)
        found = select(context, before)
        return [future.result() for future in found.blocks], dict(found.meta), dict(before.meta)


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", 150)
    pq.write_table(some_rows(), tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


@pytest.mark.parametrize("limits", [(2, 1), (1, 3), (2, 2), (4, 4)])
def test_the_core_of_a_table(tmp_path, table, limits):
    given = {"min_articles_per_user": limits[0], "min_users_per_article": limits[1]}
    blocks, meta, before = selected(tmp_path, table, **given)
    assert len(blocks) > 1
    expected = core_of(some_rows().to_pandas(), *limits)
    assert rows_of(blocks) == plain(expected)
    assert 0 < len(expected) < N_ROWS
    used = expected[(expected["quantity"] > 0) & expected["user_id"].notna()]
    assert meta["rows_used"] == len(used) < before["rows_used"]
    assert meta["rows_in"] == meta["rows_used"] + sum(meta["dropped"].values())
    added = set(meta["dropped"]) - set(before["dropped"])
    reasons = {
        f"user with fewer than {limits[0]} articles": limits[0] > 1,
        f"article with fewer than {limits[1]} users": limits[1] > 1,
    }
    assert added == {reason for reason, expected in reasons.items() if expected}
    times = expected["timestamp"].astype("int64")
    assert (meta["first_timestamp"], meta["last_timestamp"]) == (times.min(), times.max())


def test_a_core_takes_several_rounds(tmp_path):
    """Each round takes one end off the chain, until nobody is left of it."""
    chain = [(n, n) for n in range(6)] + [(n, n + 1) for n in range(6)]
    square = [(user, article) for user in (90, 91) for article in (70, 71)]
    users, articles = zip(*chain, *square, strict=True)
    pq.write_table(pa.table({"user_id": users, "article_id": articles}), tmp_path / "a.parquet")
    given = {"min_articles_per_user": 2, "min_users_per_article": 2}
    blocks, meta, _ = selected(tmp_path, tmp_path / "a.parquet", **given)
    assert set(blocks[0].user_ids.to_pylist()) == {90, 91}
    assert meta["rows_used"] == 4
    assert sum(meta["dropped"].values()) == len(chain)


def test_the_cut_of_files_does_not_matter(tmp_path, table, monkeypatch):
    monkeypatch.setattr(source, "PART_ROWS", 100)
    rows = some_rows()
    rows = rows.take(np.random.default_rng(1).permutation(len(rows)))
    (tmp_path / "many").mkdir()
    for first in range(0, N_ROWS, 70):
        pq.write_table(rows[first : first + 70], tmp_path / "many" / f"{first}.parquet")
    given = {"min_articles_per_user": 2, "min_users_per_article": 2}
    one, meta, _ = selected(tmp_path, table, **given)
    other, again, _ = selected(tmp_path, tmp_path / "many", **given)
    for left, right in zip(one, other, strict=True):
        assert_same_block(left, right)
    assert meta["dropped"] == again["dropped"]


def test_without_limits_nothing_is_done(tmp_path, table):
    with open_context(tmp_path, given={"ingest": {"input": str(table)}}) as context:
        interactions = ingest(context)
        assert select(context, interactions) is interactions
        assert "select" not in context.seconds


def test_later_stages_take_the_core_also_from_a_checkpoint(tmp_path, table):
    limits = {"min_articles_per_user": 3, "min_users_per_article": 3}
    given = {"ingest": {"input": str(table), **limits}}
    with open_context(tmp_path, given=given, keep=True) as context:
        interactions = ingest(context)
        shapes = []
        for resumed in (False, True):
            found = select(context, interactions)
            assert ("select" in context.resumed) == resumed
            names = index(context, found)
            shapes.append(matrix(context, found, names).shape)
        assert shapes[0] == shapes[1]
        assert found.key != interactions.key
    with open_context(tmp_path, given={"ingest": {"input": str(table)}}, keep=True) as context:
        ingest(context)
        assert context.resumed == ["ingest"], "the limits are read by select alone"


def test_nothing_is_left(tmp_path, table):
    given = {"min_articles_per_user": 80, "min_users_per_article": 2}
    with pytest.raises(DataError) as error:
        selected(tmp_path, table, **given)
    assert "ingest.min_articles_per_user = 80" in error.value.message
    assert "ingest.min_users_per_article = 2" in error.value.message


# dates, which the rows are read by


def dated(folder, **given) -> tuple[list, dict]:
    pq.write_table(some_rows(), folder / "a.parquet")
    blocks, _, meta = selected(folder, folder / "a.parquet", max_dropped_share=0.3, **given)
    return blocks, meta


def test_rows_outside_the_dates_are_left_out(tmp_path):
    blocks, meta = dated(tmp_path, first_date="2020-09-16", last_date="2020-09-18T12:26:40")
    times = np.asarray(some_rows()["timestamp"]).astype(np.int64)
    first, last = START + 3 * DAY, START + 5 * DAY
    stamps = np.concatenate([block.timestamp for block in blocks])
    assert (stamps.min(), stamps.max()) == (first, last - DAY)
    assert (meta["first_timestamp"], meta["last_timestamp"]) == (first, last - DAY)
    assert meta["dropped"][check.BEFORE_FIRST_DATE] == np.count_nonzero(times < first)
    assert meta["dropped"][check.AFTER_LAST_DATE] == np.count_nonzero(times >= last)
    assert meta["rows_in"] == N_ROWS == meta["rows_used"] + sum(meta["dropped"].values())


def test_dates_that_leave_nothing(tmp_path):
    with pytest.raises(DataError, match="no rows are left: 500 before first_date") as error:
        dated(tmp_path, first_date="2024-01-01")
    assert "ingest.first_date" in error.value.remedy


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"first_date": "soon"}, "ingest.first_date = 'soon' is not a date"),
        ({"last_date": "2020-13-01"}, "ingest.last_date = '2020-13-01' is not a date"),
        ({"first_date": "2020-09-16", "last_date": "2020-09-16"}, "is not before"),
    ],
)
def test_dates_that_are_none(tmp_path, given, message):
    with pytest.raises(ConfigError, match=message):
        dated(tmp_path, **given)


def test_dates_need_timestamps(tmp_path):
    pq.write_table(some_rows().drop_columns("timestamp"), tmp_path / "b.parquet")
    with pytest.raises(ConfigError, match="no column of timestamps") as error:
        selected(tmp_path, tmp_path / "b.parquet", last_date="2024-01-01")
    assert "ingest.last_date = '2024-01-01'" in error.value.message
    assert "ingest.columns.timestamp" in error.value.remedy
