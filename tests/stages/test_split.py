"""What is learned from and what is predicted, through files and blocks."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from interaction_rows import assert_same_block
from running import open_context

from cfdist.algorithms import partitioning
from cfdist.algorithms.hashing import SAMPLE_SEED, hash_ids
from cfdist.algorithms.interactions import DAY_US
from cfdist.errors import DataError
from cfdist.input import source
from cfdist.stages.index import index
from cfdist.stages.ingest import ingest
from cfdist.stages.matrix import matrix
from cfdist.stages.split import AFTER_THE_WINDOW, HELD_OUT, Rule, split

START = 1_600_000_000_000_000
N_ROWS = 600
RULES = [
    Rule("date", (START + 70 * DAY_US, START + 90 * DAY_US)),
    Rule("last_k", (2,)),
    Rule("random", (0.3, 1)),
]


def some_rows(n_rows: int = N_ROWS, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    times = START + rng.integers(0, 100, n_rows) * DAY_US
    return pa.table(
        {
            "user_id": pa.array(rng.integers(0, 80, n_rows), mask=rng.random(n_rows) < 0.1),
            "article_id": rng.integers(0, 40, n_rows),
            "basket_id": rng.integers(0, 200, n_rows),
            "quantity": rng.choice([1.0, 2.0, -1.0, 0.0], n_rows, p=[0.6, 0.2, 0.1, 0.1]),
            "timestamp": pa.array(times).cast(pa.timestamp("us")),
        }
    )


def frame_of(blocks: list) -> pd.DataFrame:
    """Rows of blocks by id, sorted."""
    frames = [
        pd.DataFrame(
            {
                "user_id": [*block.user_ids.to_pylist(), None],
                "place": [*range(len(block.user_ids)), -1],
            }
        )
        .set_index("place")
        .loc[block.user]
        .assign(
            article_id=np.asarray(block.article_ids)[block.article],
            quantity=block.quantity,
            timestamp=block.timestamp,
        )
        for block in blocks
        if len(block.user)
    ]
    rows = pd.concat(frames, ignore_index=True)
    return rows.sort_values(list(rows.columns), ignore_index=True)


def values(futures) -> list:
    return [future.result() for future in futures]


def as_if_ingested(folder, table: pa.Table, n_blocks: int, monkeypatch) -> list:
    """Blocks of other rows, as many as wanted."""
    monkeypatch.setattr("cfdist.stages.ingest.n_blocks", lambda rows: n_blocks)
    pq.write_table(table, folder / "other.parquet")
    given = {"ingest": {"input": str(folder / "other.parquet"), "max_dropped_share": 1}}
    with open_context(folder, given=given) as context:
        return values(ingest(context).blocks)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", 100)


@pytest.mark.usefixtures("small_blocks")
def test_a_date_cuts_the_table(tmp_path, monkeypatch):
    table = some_rows()
    pq.write_table(table, tmp_path / "a.parquet")
    given = {"ingest": {"input": str(tmp_path / "a.parquet")}}
    with open_context(tmp_path, given=given) as context:
        interactions = ingest(context)
        made = split(context, interactions, RULES[0])
        train, test = values(made.train.blocks), values(made.test.blocks)
        meta, whole = made.train.meta, interactions.meta
        test_meta = made.test.meta
    from_us, until_us = RULES[0].arguments
    times = np.asarray(table["timestamp"]).astype(np.int64)
    before = pa.array(times < from_us)
    inside = (times >= from_us) & (times < until_us) & (np.asarray(table["quantity"]) > 0)
    assert len(train) == len(test) > 2
    for blocks, kept in ((train, before), (test, pa.array(inside))):
        expected = as_if_ingested(tmp_path, table.filter(kept), len(train), monkeypatch)
        assert len(expected) == len(blocks)
        for one, other in zip(blocks, expected, strict=True):
            assert_same_block(one._replace(basket=other.basket), other)
            baskets = np.unique(other.basket, return_inverse=True)[1]
            assert np.array_equal(one.basket, baskets)
    used = np.asarray(table["user_id"].is_valid()) & (np.asarray(table["quantity"]) > 0)
    assert meta["rows_used"] == np.count_nonzero(used & np.asarray(before))
    assert meta["dropped"][HELD_OUT] == np.count_nonzero(used & inside) == test_meta["n_rows"]
    assert meta["dropped"][AFTER_THE_WINDOW] == np.count_nonzero(used & (times >= until_us))
    assert meta["rows_in"] == meta["rows_used"] + sum(meta["dropped"].values())
    assert meta["first_timestamp"] == whole["first_timestamp"]
    assert meta["last_timestamp"] == times[np.asarray(before)].max()
    assert meta["as_of_us"] == from_us
    guests = inside & ~np.asarray(table["user_id"].is_valid())
    assert test_meta["n_rows_without_user"] == np.count_nonzero(guests)
    known = table.filter(pa.array(inside & used))["user_id"]
    assert test_meta["n_users"] == len(known.unique())


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("rule", RULES)
def test_files_and_the_order_of_rows_do_not_matter(tmp_path, monkeypatch, rule):
    monkeypatch.setattr(source, "PART_ROWS", 100)
    table = some_rows()
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    for name, rows, cut in (("one", table, N_ROWS), ("many", shuffled, 70)):
        (tmp_path / name).mkdir()
        for first in range(0, N_ROWS, cut):
            pq.write_table(rows[first : first + cut], tmp_path / name / f"{first}.parquet")
    found = []
    for name in ("one", "many"):
        given = {"ingest": {"input": str(tmp_path / name)}}
        with open_context(tmp_path, given=given) as context:
            made = split(context, ingest(context), rule)
            found.append([*values(made.train.blocks), *values(made.test.blocks)])
    for one, other in zip(*found, strict=True):
        assert_same_block(one, other)


@pytest.mark.parametrize("rule", RULES)
def test_the_later_stages_take_the_train_side(tmp_path, rule):
    with open_context(tmp_path, some_rows().to_pydict()) as context:
        made = split(context, ingest(context), rule)
        found = index(context, made.train)
        weights = matrix(context, made.train, found)
        assert weights.shape == (found.n_users, found.n_articles)
        assert made.train.meta["rows_used"] > made.test.meta["n_rows"] > 0


def test_every_rule_has_its_key_and_resumes(tmp_path):
    with open_context(tmp_path, some_rows().to_pydict(), keep=True) as context:
        interactions = ingest(context)
        made = [split(context, interactions, rule) for rule in RULES]
        keys = {key for one in made for key in (one.train.key, one.test.key)}
        assert len(keys) == 2 * len(RULES)
        assert "split" not in context.resumed
        again = split(context, interactions, RULES[1])
        assert "split" in context.resumed
        assert again.train.meta == made[1].train.meta
        for one, other in zip(again.test.blocks, made[1].test.blocks, strict=True):
            assert_same_block(one.result(), other.result())


# held-out rows of a file of their own


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("sample", [{}, {"sample_percent": 1, "min_sample_users": 20}])
def test_rows_of_a_file_fall_to_the_blocks_of_their_users(tmp_path, sample):
    table = some_rows()
    pq.write_table(table, tmp_path / "train.parquet")
    pq.write_table(some_rows(90, seed=5), tmp_path / "test.parquet")
    given = {
        "ingest": {"input": str(tmp_path / "train.parquet"), "last_date": "2020-11-01", **sample}
    }
    with open_context(tmp_path, given=given) as context:
        interactions = ingest(context)
        made = split(context, interactions, Rule("files", (str(tmp_path / "test.parquet"),)))
        train, test = values(made.train.blocks), values(made.test.blocks)
        for one, other in zip(train, values(interactions.blocks), strict=True):
            assert_same_block(one, other)
        newest = max(block.timestamp.max() for block in train)
        assert made.train.meta["as_of_us"] == newest == made.train.meta["last_timestamp"]
        assert made.train.meta["rows_used"] == interactions.meta["rows_used"]
        assert HELD_OUT not in made.train.meta["dropped"]
    assert (np.concatenate([block.quantity for block in test]) > 0).all()
    place = {user: n for n, block in enumerate(train) for user in block.user_ids.to_pylist()}
    known = [
        (user, number)
        for number, block in enumerate(test)
        for user in block.user_ids.to_pylist()
        if user in place
    ]
    assert known
    assert all(place[user] == number for user, number in known)
    rows = some_rows(90, seed=5)
    if not sample:
        wanted = np.count_nonzero(
            np.asarray(rows["user_id"].is_valid()) & (np.asarray(rows["quantity"]) > 0)
        )
        assert made.test.meta["n_rows"] == wanted
        assert len(train) == 2
    assert (len(place) < 30) == bool(sample)
    users = rows["user_id"].drop_null().unique()
    hashes = hash_ids(users, SAMPLE_SEED).tolist()
    threshold = interactions.meta["sample_threshold"]
    sampled = {user for user, low in zip(users.to_pylist(), hashes, strict=True) if low < threshold}
    found = {user for block in test for user in block.user_ids.to_pylist()}
    assert found <= sampled
    bought = rows.filter(pa.array(np.asarray(rows["quantity"]) > 0))["user_id"]
    assert found == sampled & set(bought.to_pylist())


def test_rows_of_a_file_are_not_those_that_memory_has(tmp_path):
    """Without checkpoints nothing else in the key tells one input from the other."""
    pq.write_table(some_rows(90, seed=5), tmp_path / "test.parquet")
    with open_context(tmp_path, some_rows().to_pydict()) as context:
        context.memory = {}
        made = split(context, ingest(context), Rule("files", (str(tmp_path / "test.parquet"),)))
        assert 0 < made.test.meta["n_rows"] < 90


def test_ids_of_another_type_are_refused(tmp_path):
    (tmp_path / "test.csv").write_text("user_id,article_id\n1,2\n")
    columns = {"user_id": [1, 2], "article_id": [1, 2]}
    with (
        open_context(tmp_path, columns) as context,
        pytest.raises(DataError, match="user_id is string, in the interactions it is int64"),
    ):
        split(context, ingest(context), Rule("files", (str(tmp_path / "test.csv"),)))


# nothing on one side


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("date", (START - 1, START + 999 * DAY_US)), "no purchase is left to learn from"),
        (Rule("date", (START + 200 * DAY_US, START + 999 * DAY_US)), "is held out by this window"),
    ],
)
def test_a_window_outside_the_data(tmp_path, rule, message):
    with (
        open_context(tmp_path, some_rows().to_pydict()) as context,
        pytest.raises(DataError, match=message) as error,
    ):
        split(context, ingest(context), rule)
    assert "evaluation.date" in error.value.remedy


def test_users_with_one_article_leave_nothing_to_hold_out(tmp_path):
    columns = {"user_id": [1, 2], "article_id": [1, 2]}
    with open_context(tmp_path, columns) as context:
        interactions = ingest(context)
        for rule in RULES[1:]:
            with pytest.raises(DataError, match="is held out by this split"):
                split(context, interactions, rule)


def test_without_timestamps_there_is_no_moment(tmp_path):
    columns = {"user_id": [1, 1, 2], "article_id": [1, 2, 2]}
    with open_context(tmp_path, columns) as context:
        meta = split(context, ingest(context), RULES[2]).train.meta
        assert meta["as_of_us"] is meta["last_timestamp"] is meta["first_timestamp"] is None
