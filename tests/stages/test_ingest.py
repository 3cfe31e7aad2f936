"""The same blocks from any layout of the input, every row accounted for, samples by hash."""

from contextlib import contextmanager
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from frame_engines import strict_gpu
from running import open_context

from cfdist.algorithms import partitioning
from cfdist.algorithms.hashing import SAMPLE_SEED, hash_ids
from cfdist.backends import get_backend
from cfdist.errors import DataError
from cfdist.input import check, csv_text, source
from cfdist.stages.checkpoint import resolved
from cfdist.stages.ingest import Interactions, fingerprint, ingest
from cfdist.stages.progress import Silence

N_ROWS = 900
NOW = 1_700_000_000_000_000
KEYS = ["user_id", "article_id", "basket_id", "quantity", "timestamp"]


def dirty_rows(n_rows: int = N_ROWS, text: bool = False, seed: int = 0) -> pa.Table:
    """Rows with every fault: a fifth without user, returns, zeros, NaN, no article, the future."""
    rng = np.random.default_rng(seed)
    user = rng.integers(1, 120, n_rows)
    quantity = rng.choice(
        [1.0, 2.0, 3.0, 0.0, -1.0, np.nan, np.inf], n_rows, p=[0.4, 0.3, 0.1] + [0.05] * 4
    )
    time = NOW - rng.integers(0, 400, n_rows) * 86_400_000_000
    time[rng.random(n_rows) < 0.02] = 253_402_214_400_000_000
    columns = {
        "user_id": pa.array(user, mask=rng.random(n_rows) < 0.2),
        "article_id": pa.array(rng.integers(1, 60, n_rows), mask=rng.random(n_rows) < 0.02),
        "basket_id": pa.array(
            user * 10 + rng.integers(0, 4, n_rows), mask=rng.random(n_rows) < 0.1
        ),
        "quantity": pa.array(quantity),
        "timestamp": pa.array(time).cast(pa.timestamp("us")),
    }
    if text:
        for name in ("user_id", "article_id", "basket_id"):
            columns[name] = pc.utf8_lpad(columns[name].cast(pa.string()), width=6, padding="0")
    return pa.table(columns)


@contextmanager
def running(folder: Path, address: object, keep: bool = False, **given):
    """A context over an input, at a fixed time."""
    settings = {"ingest": {"input": str(address), **given}}
    with open_context(folder, given=settings, keep=keep) as context:
        context.now_us = NOW
        yield context


def ingested(folder: Path, address: object, **given) -> tuple[list, dict]:
    """Values of the blocks, and their description."""
    with running(folder, address, **given) as context:
        found = ingest(context)
        return [block.result() for block in found.blocks], dict(found.meta)


def as_lists(blocks: list) -> list:
    return [[values.tolist() if isinstance(values, np.ndarray) else values.to_pylist()
             for values in block] for block in blocks]  # fmt: skip


def users_of(blocks: list) -> set:
    return {user for block in blocks for user in block.user_ids.to_pylist()}


@pytest.fixture(scope="module")
def layouts(tmp_path_factory) -> dict[str, Path]:
    """The same rows, stored in different ways."""
    base = tmp_path_factory.mktemp("layouts")
    table = dirty_rows(text=True)
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    for name in ("one", "groups", "files", "shuffled", "csv", "hive"):
        (base / name).mkdir()
    pq.write_table(table, base / "one" / "a.parquet")
    pq.write_table(table, base / "groups" / "a.parquet", row_group_size=100)
    pq.write_table(shuffled, base / "shuffled" / "a.parquet")
    for start in range(0, len(table), 150):
        pq.write_table(table[start : start + 150], base / "files" / f"{start:05}.parquet")
        frame = table[start : start + 150].to_pandas()
        frame.to_csv(
            base / "csv" / f"{start:05}.csv.gz", index=False, date_format="%Y-%m-%dT%H:%M:%S"
        )
    for taken in pc.unique(table["quantity"].cast(pa.string())).to_pylist():
        folder = base / "hive" / f"quantity={taken}"
        folder.mkdir()
        same = pc.equal(table["quantity"].cast(pa.string()), taken)
        pq.write_table(table.filter(same).drop_columns("quantity"), folder / "p.parquet")
    return {folder.name: folder for folder in base.iterdir()}


# layouts


@pytest.mark.parametrize("n_blocks", [1, 4])
@pytest.mark.parametrize(
    "sample",
    [
        {},
        {"sample_percent": 30, "min_sample_users": 20},
        {"sample_percent": 30, "sample_by": "interactions"},
    ],
)
def test_blocks_are_the_same_for_any_layout(tmp_path, monkeypatch, layouts, n_blocks, sample):
    monkeypatch.setattr(source, "PART_ROWS", 300)
    monkeypatch.setattr(csv_text, "BLOCK_BYTES", 4096)
    n_rows = ingested(tmp_path, layouts["one"], **sample)[1]["rows_used"]
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", -(-n_rows // n_blocks))
    expected, meta = ingested(tmp_path, layouts["one"], **sample)
    assert len(expected) == n_blocks
    for name in ("groups", "files", "shuffled", "csv", "hive"):
        blocks, other = ingested(tmp_path, layouts[name], **sample)
        assert as_lists(blocks) == as_lists(expected), name
        for key in ("rows_in", "rows_used", "dropped", "first_timestamp", "sampled_share"):
            assert other[key] == meta[key], (name, key)


def test_blocks_hold_every_usable_row(tmp_path, monkeypatch):
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", 200)
    table = dirty_rows()
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=400)
    blocks, meta = ingested(tmp_path, tmp_path / "a.parquet")
    rows = table.to_pandas()
    good = rows["article_id"].notna() & np.isfinite(rows["quantity"])
    good &= rows["timestamp"] < pd.Timestamp(NOW + check.DAY_US, unit="us")
    known = good & rows["user_id"].notna()
    bought = rows["quantity"] > 0
    guest = good & rows["user_id"].isna() & rows["basket_id"].notna() & bought
    assert meta["rows_in"] == N_ROWS == meta["rows_used"] + sum(meta["dropped"].values())
    assert meta["rows_used"] == (known & bought).sum()
    assert meta["dropped"][check.USER_MISSING] == guest.sum()
    assert meta["dropped"][check.RETURNED] == (known & (rows["quantity"] < 0)).sum()
    got = [
        (block.user_ids[user].as_py(), block.article_ids[article].as_py(), quantity, time)
        for block in blocks
        for user, article, quantity, time in zip(
            block.user, block.article, block.quantity, block.timestamp, strict=True
        )
        if user >= 0
    ]
    wanted = rows[known].assign(timestamp=rows["timestamp"].astype("int64"))
    wanted = wanted[["user_id", "article_id", "quantity", "timestamp"]]
    assert sorted(got) == sorted(wanted.itertuples(index=False, name=None))
    assert sum(np.count_nonzero(block.user < 0) for block in blocks) == guest.sum()
    assert meta["has_baskets"]
    assert meta["has_timestamps"]
    assert meta["first_timestamp"] == wanted["timestamp"].min()


def test_memory_address(tmp_path, layouts):
    memory = fsspec.filesystem("memory")
    try:
        for path in layouts["files"].iterdir():
            memory.pipe(f"/shop/{path.name}", path.read_bytes())
        blocks, meta = ingested(tmp_path, "memory://shop/*.parquet")
    finally:
        memory.store.clear()
    expected, _ = ingested(tmp_path, layouts["one"])
    assert as_lists(blocks) == as_lists(expected)
    assert meta["n_files"] == 6


@pytest.mark.parametrize(
    "ids",
    [
        [-(2**63), 2**63 - 1, 2**53, 2**53 + 1, 0, -1],
        ["é", "e\u0301", "😀", "a\nb", "a\0b", "0071053", "71053", " x", "NaN", "None", "x" * 1024],
    ],
)
def test_ids_come_out_as_they_went_in(tmp_path, monkeypatch, ids):
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", 2)
    pq.write_table(pa.table({"user_id": ids, "article_id": ids}), tmp_path / "a.parquet")
    blocks, _ = ingested(tmp_path, tmp_path / "a.parquet")
    assert len(blocks) == -(-len(ids) // 2)
    assert users_of(blocks) == set(ids)
    assert {i for block in blocks for i in block.article_ids.to_pylist()} == set(ids)


@pytest.mark.parametrize(
    ("moment", "reason"),
    [(0, check.TOO_EARLY), (253_402_214_400_000_000, check.IN_THE_FUTURE)],
)
def test_one_impossible_time_among_good_ones_is_counted(tmp_path, moment, reason):
    """Even where it is alone in its file."""
    for number, times in enumerate(([NOW] * 9, [moment])):
        ids = list(range(len(times)))
        stamps = pa.array(times).cast(pa.timestamp("us"))
        table = pa.table({"user_id": ids, "article_id": ids, "timestamp": stamps})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    _, meta = ingested(tmp_path, tmp_path / "*.parquet")
    assert meta["dropped"] == {reason: 1}
    assert meta["examples"] == {reason: f"{tmp_path}/1.parquet: column 'timestamp', row 0"}
    assert (meta["first_timestamp"], meta["last_timestamp"]) == (NOW, NOW)


# too much is dropped


def quantities(folder: Path, good: int, bad: int) -> Path:
    n_rows = good + bad
    columns = {"user_id": range(n_rows), "article_id": range(n_rows)}
    table = pa.table({name: pa.array(list(values)) for name, values in columns.items()})
    table = table.append_column("quantity", pa.array([1.0] * good + [np.nan] * bad))
    pq.write_table(table, folder / "a.parquet")
    return folder / "a.parquet"


def test_as_much_as_allowed_may_be_dropped(tmp_path):
    _, meta = ingested(tmp_path, quantities(tmp_path, 10, 10))
    assert meta["dropped"] == {check.QUANTITY_UNUSABLE: 10}


def test_more_is_an_error(tmp_path):
    path = quantities(tmp_path, 10, 11)
    with pytest.raises(DataError) as error:
        ingested(tmp_path, path)
    assert error.value.message == (
        "11 of 21 rows cannot be used, more than ingest.max_dropped_share = 0.5: "
        f"11 {check.QUANTITY_UNUSABLE}, first in {path}: column 'quantity', row 10"
    )
    assert "ingest.max_dropped_share" in error.value.remedy
    assert ingested(tmp_path, path, max_dropped_share=0.6)[1]["rows_used"] == 10


def test_no_row_is_left(tmp_path):
    with pytest.raises(DataError, match="no rows are left: 5 quantity missing"):
        ingested(tmp_path, quantities(tmp_path, 0, 5), max_dropped_share=1)


@pytest.mark.parametrize(("unit", "reason"), [("ms", check.TOO_EARLY), ("s", check.TOO_LATE)])
def test_wrong_unit_names_the_setting(tmp_path, unit, reason):
    seconds = NOW // 10**6
    times = [seconds if unit == "ms" else seconds * 1000] * 6
    columns = {"user_id": [1] * 6, "article_id": [1] * 6, "timestamp": times}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", row_group_size=2)
    with pytest.raises(DataError) as error:
        ingested(tmp_path, tmp_path / "a.parquet", timestamp_unit=unit)
    assert f"6 {reason}, first in {tmp_path}/a.parquet: column 'timestamp', row 0" in str(
        error.value
    )
    assert "ingest.timestamp_unit" in error.value.remedy


# samples


def plain_rows(folder: Path, n_users: int = 200) -> Path:
    rng = np.random.default_rng(2)
    users = np.concatenate([np.arange(n_users), rng.integers(0, n_users, 5 * n_users)])
    articles = rng.integers(0, 50, len(users))
    pq.write_table(pa.table({"user_id": users, "article_id": articles}), folder / "plain.parquet")
    return folder / "plain.parquet"


def test_sample_by_users_has_the_lowest_hashes_and_whole_histories(tmp_path):
    path = plain_rows(tmp_path)
    everything, _ = ingested(tmp_path, path)
    blocks, meta = ingested(tmp_path, path, sample_percent=25, min_sample_users=1)
    users = users_of(blocks)
    hashes = hash_ids(pa.array(range(200)), SAMPLE_SEED)
    assert users == set(np.flatnonzero(hashes < 2**62).tolist())
    assert 30 < len(users) < 70
    rows = pq.read_table(path).to_pandas()
    assert meta["rows_used"] == rows["user_id"].isin(users).sum() == len(blocks[0].user)
    assert meta["dropped"] == {check.NOT_SAMPLED: len(rows) - meta["rows_used"]}
    assert meta["sampled_share"] == 0.25
    assert users < users_of(everything)


def test_a_larger_sample_holds_the_smaller_one(tmp_path):
    path = plain_rows(tmp_path)
    small, large = (
        users_of(ingested(tmp_path, path, sample_percent=percent, min_sample_users=1)[0])
        for percent in (20, 40)
    )
    assert small < large


@pytest.mark.parametrize("floor", [1, 17, 150, 199])
def test_sample_by_users_keeps_as_many_as_its_floor(tmp_path, floor):
    given = {"sample_percent": 0.001, "min_sample_users": floor}
    blocks, _ = ingested(tmp_path, plain_rows(tmp_path), **given)
    hashes = hash_ids(pa.array(range(200)), SAMPLE_SEED)
    assert users_of(blocks) == set(np.argsort(hashes)[:floor].tolist())


@pytest.mark.parametrize("floor", [200, 20_000])
def test_fewer_users_than_the_floor_are_all_kept(tmp_path, floor):
    given = {"sample_percent": 1, "min_sample_users": floor}
    blocks, meta = ingested(tmp_path, plain_rows(tmp_path), **given)
    assert len(users_of(blocks)) == 200
    assert meta["dropped"] == {}


def test_sample_by_interactions_cuts_through_histories(tmp_path):
    path = plain_rows(tmp_path)
    given = {"sample_percent": 50, "sample_by": "interactions"}
    blocks, meta = ingested(tmp_path, path, **given)
    assert 400 < meta["rows_used"] < 800
    assert len(users_of(blocks)) > 150
    assert meta["rows_used"] + meta["dropped"][check.NOT_SAMPLED] == meta["rows_in"] == 1200


@pytest.mark.parametrize("sample_by", ["users", "interactions"])
@pytest.mark.parametrize("percent", [1, 20, 60])
def test_sampled_rows_are_counted_once(tmp_path, layouts, sample_by, percent):
    given = {"sample_percent": percent, "sample_by": sample_by, "min_sample_users": 1}
    blocks, meta = ingested(tmp_path, layouts["files"], **given)
    used = sum(np.count_nonzero((b.user >= 0) & (b.quantity > 0)) for b in blocks)
    assert meta["rows_used"] == used > 0
    assert meta["rows_in"] == N_ROWS == used + sum(meta["dropped"].values())
    dropped = {k: n for k, n in meta["dropped"].items() if k != check.NOT_SAMPLED}
    assert dropped == ingested(tmp_path, layouts["files"])[1]["dropped"]


def test_baskets_of_guests_are_sampled_whole(tmp_path):
    users = pa.array([None] * 300 + list(range(300)))
    baskets = [row // 3 for row in range(300)] + list(range(1000, 1300))
    table = pa.table({"user_id": users, "article_id": list(range(600)), "basket_id": baskets})
    pq.write_table(table, tmp_path / "a.parquet")
    given = {"sample_percent": 30, "min_sample_users": 1}
    blocks, _ = ingested(tmp_path, tmp_path / "a.parquet", **given)
    guests = blocks[0].user < 0
    sizes = np.unique(blocks[0].basket[guests], return_counts=True)[1]
    assert 0 < len(sizes) < 100
    assert (sizes == 3).all()


def test_sample_of_an_input_without_rows(tmp_path):
    schema = pa.schema([("user_id", pa.int64()), ("article_id", pa.int64())])
    pq.ParquetWriter(tmp_path / "a.parquet", schema).close()
    (tmp_path / "b.csv").write_text("user_id,article_id\n")
    for name in ("a.parquet", "b.csv"):
        with pytest.raises(DataError, match="there are no rows"):
            ingested(tmp_path, tmp_path / name, sample_percent=10)


# what else the run is told


class Started(Silence):
    """Remembers which stages began."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def start(self, stage: str) -> None:
        self.stages.append(stage)


def test_float_ids_are_told(tmp_path):
    table = pa.table({"user_id": [1.0, 2.0, None], "article_id": [1, 2, 3]})
    pq.write_table(table, tmp_path / "a.parquet")
    with running(tmp_path, tmp_path / "a.parquet") as context:
        assert ingest(context).meta["user_type"] == "int64"
        assert context.notes == ["user_id: float ids that are whole numbers are read as int64"]


def test_articles_are_checked_before_a_row_is_read(tmp_path):
    pq.write_table(pa.table({"user_id": [1], "article_id": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"id": [1]}), tmp_path / "articles.parquet")
    with running(tmp_path, tmp_path / "a.parquet") as context:
        context.progress = Started()
        with pytest.raises(DataError, match=f"{tmp_path}/articles.parquet: there is no single"):
            ingest(context)
        assert context.progress.stages == []


def test_damaged_file_among_good_ones_is_named(tmp_path, layouts):
    for path in layouts["files"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    bad = tmp_path / "00300.parquet"
    content = bytearray(bad.read_bytes())
    content[4:200] = b"\xff" * 196
    bad.write_bytes(content)
    with pytest.raises(DataError, match=f"{bad}: cannot be read"):
        ingested(tmp_path, tmp_path / "*.parquet")


def test_same_rows_resume_and_other_rows_do_not(tmp_path):
    folder = tmp_path / "in" / "article_id=1"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"user_id": [1, 2]}), folder / "a.parquet")

    def articles() -> list:
        with running(tmp_path, tmp_path / "in", keep=True) as context:
            found = ingest(context)
            return [found.blocks[0].result().article_ids.to_pylist(), context.resumed]

    assert articles() == [["1"], []]
    assert articles() == [["1"], ["ingest"]]
    folder.rename(folder.with_name("article_id=2"))
    assert articles() == [["2"], []], "the folder's name is a column"
    pq.write_table(pa.table({"user_id": [1, 3]}), tmp_path / "in" / "article_id=2" / "a.parquet")
    assert articles() == [["2"], []]


def test_files_are_hashed_for_checkpoints_alone(tmp_path, layouts):
    for keep in (False, True):
        with running(tmp_path, layouts["files"], keep=keep) as context:
            opened = source.open_source(context.config.ingest)
            marks = fingerprint(opened, context)
            assert len(marks) == 6
            assert (marks == sorted(opened.files)) is not keep


def test_artifact_has_one_future_per_block(tmp_path, layouts):
    with running(tmp_path, layouts["one"]) as context:
        found = ingest(context)
        assert isinstance(found, Interactions)
        assert len(found.blocks) == 1
        assert found.key


# on a device


@pytest.fixture
def device():
    with strict_gpu() as device:
        yield device


@pytest.mark.parametrize("name", ["groups", "csv"])
@pytest.mark.parametrize("out_of_core", [False, True])
@pytest.mark.parametrize(
    "sample",
    [
        {},
        {"sample_percent": 30, "min_sample_users": 20},
        {"sample_percent": 30, "sample_by": "interactions"},
    ],
)
def test_blocks_of_a_device_are_those_of_the_host(
    tmp_path, monkeypatch, device, layouts, name, out_of_core, sample
):
    monkeypatch.setattr(source, "PART_ROWS", 300)
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", 200)
    expected, meta = ingested(tmp_path, layouts[name], **sample)
    with running(tmp_path, layouts[name], keep=out_of_core, **sample) as context:
        context.backend, context.out_of_core = "gpu", out_of_core
        found = ingest(context)
        blocks = [resolved(block.result()) for block in found.blocks]
        backend = get_backend("gpu")
        if not out_of_core:
            assert all(type(block.user).__module__.startswith("cupy") for block in blocks)
            assert context.transfers["ingest"]["to_host"] > 0
        assert as_lists([backend.to_host(block) for block in blocks]) == as_lists(expected)
        assert any("read on the host" in note for note in context.notes) == (name == "csv")
    assert {key: found.meta[key] for key in meta if key != "notes"} == {
        key: value for key, value in meta.items() if key != "notes"
    }
