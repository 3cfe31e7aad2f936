"""The device engine uses, counts, samples and sorts rows as the Arrow engine does."""

from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from frame_engines import DAY, GOOD, KINDS, NOW, TEXTS, assert_same, some_rows, strict_gpu, write
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cfdist.algorithms.sampling import WHOLE_RANGE
from cfdist.input import check, source
from cfdist.input.frames import get_frames
from cfdist.input.source import open_source
from cfdist.settings import IngestSettings


@pytest.fixture
def device() -> Iterator[ModuleType]:
    with strict_gpu() as device:
        yield device


@pytest.mark.parametrize("kinds", [KINDS, TEXTS])
@pytest.mark.parametrize("row_group_size", [1000, 70])
def test_blocks_and_counts_are_those_of_arrow(tmp_path, monkeypatch, device, kinds, row_group_size):
    monkeypatch.setattr(source, "PART_ROWS", 100)
    rows = some_rows(text=kinds is TEXTS)
    path = write(tmp_path / "a.parquet", rows, kinds, row_group_size=row_group_size)
    counts = assert_same(path)
    assert not counts.host_reads
    assert check.USER_MISSING in counts.dropped


@pytest.mark.parametrize("kinds", [KINDS, TEXTS])
@pytest.mark.parametrize("sample_by", ["users", "interactions"])
def test_samples_are_those_of_arrow(tmp_path, device, kinds, sample_by):
    path = write(tmp_path / "a.parquet", some_rows(text=kinds is TEXTS), kinds)
    counts = assert_same(path, threshold=WHOLE_RANGE // 3, sample_by=sample_by)
    assert 0 < counts.dropped[check.NOT_SAMPLED] < counts.rows_in


@pytest.mark.parametrize("kinds", [KINDS, TEXTS])
def test_the_floor_of_a_sample_is_that_of_arrow(tmp_path, device, kinds):
    path = write(tmp_path / "a.parquet", some_rows(text=kinds is TEXTS), kinds)
    settings = IngestSettings(input=str(path), min_sample_users=7)
    found = open_source(settings)
    hashes = [
        get_frames(engine).lowest_hashes(found.parts[0], found, settings, WHOLE_RANGE // 9)
        for engine in ("arrow", "cudf")
    ]
    assert isinstance(hashes[1], np.ndarray)
    assert hashes[0].tolist() == hashes[1].tolist()


def test_two_columns_are_enough(tmp_path, device):
    pq.write_table(
        pa.table({"user_id": [3, 1, 3], "article_id": [1, 1, 2]}), tmp_path / "a.parquet"
    )
    assert_same(tmp_path / "a.parquet")


def test_one_column_may_play_two_roles(tmp_path, device):
    pq.write_table(
        pa.table({"user_id": [3, 1, 3], "article_id": [1, 1, 2]}), tmp_path / "a.parquet"
    )
    assert_same(tmp_path / "a.parquet", columns={"basket_id": "user_id"})


# where rows are


def test_only_distinct_ids_travel(tmp_path, device):
    n_rows = 4000
    rng = np.random.default_rng(0)
    table = pa.table({name: rng.integers(0, 50, n_rows) for name in ("user_id", "article_id")})
    pq.write_table(table, tmp_path / "a.parquet")
    settings = IngestSettings(input=str(tmp_path / "a.parquet"))
    found, frames = open_source(settings), get_frames("cudf")
    table, _ = frames.read(found.parts[0], found, settings, WHOLE_RANGE, NOW)
    pieces = frames.cut(table, 2)
    device.reset()
    blocks = [frames.sort([piece]) for piece in pieces]
    assert device.counts().to_host_bytes <= 16 * 50 + 8 * 100
    assert device.counts().to_device == 0
    assert all(type(values).__module__.startswith("cupy") for values in blocks[0][2:])
    assert isinstance(blocks[0].user_ids, pa.Array)


def test_rows_go_to_the_host_and_back(tmp_path, device):
    frames = get_frames("cudf")
    path = write(tmp_path / "a.parquet", some_rows(text=True), TEXTS)
    settings = IngestSettings(input=str(path))
    found = open_source(settings)
    table, _ = frames.read(found.parts[0], found, settings, WHOLE_RANGE, NOW)
    there = frames.to_arrow(table)
    wanted, _ = get_frames("arrow").read(found.parts[0], found, settings, WHOLE_RANGE, NOW)
    for name in wanted.column_names:
        assert there[name].combine_chunks().equals(wanted[name].combine_chunks()), name
    assert frames.to_arrow(frames.from_arrow(there)).equals(there)


QUANTITIES = st.sampled_from([1.0, 2.5, 0.0, -1.0, None, np.nan, np.inf, 1e300])
MOMENTS = st.sampled_from([GOOD, GOOD + 1, 0, None, NOW + 2 * DAY, 2 * check.LATEST_US])
DATES = st.sampled_from(
    [{}, {"first_date": "2023-11-15"}, {"last_date": "2023-11-14"}, {"last_date": "2023-11-15"}]
)


def rows_of(ids: list) -> st.SearchStrategy:
    one = st.sampled_from(ids)
    return st.lists(st.tuples(one, one, one, QUANTITIES, MOMENTS), min_size=1, max_size=25)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.one_of(
        rows_of([1, 2, -7, 2**63 - 1, None]).map(lambda rows: (rows, KINDS)),
        rows_of(["a", "", "ä", "z\uffff", "\U0001f600", None]).map(
            lambda rows: (rows, (*TEXTS[:4], pa.timestamp("us")))
        ),
    ),
    dates=DATES,
    threshold=st.sampled_from([WHOLE_RANGE, WHOLE_RANGE // 2]),
    sample_by=st.sampled_from(["users", "interactions"]),
    group=st.sampled_from([100, 7]),
)
def test_any_rows_are_judged_and_sorted_alike(
    tmp_path, device, rows, dates, threshold, sample_by, group
):
    path = write(tmp_path / "a.parquet", *rows, row_group_size=group)
    assert_same(path, threshold=threshold, sample_by=sample_by, **dates)
