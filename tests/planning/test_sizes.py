"""Sizes against what the stages count."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import quick_config

from cfdist.datasets.synthesize import synthesize
from cfdist.planning import sizes as measuring
from cfdist.planning.sizes import measure_sizes


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """40,000 rows of 10,000 users."""
    folder = tmp_path_factory.mktemp("shop")
    path = folder / "user_item_interactions.parquet"
    synthesize(path, n_users=10_000, n_articles=800, n_interactions=40_000, seed=1)
    return path


def config_of(path, tmp_path, **ingest):
    return quick_config(tmp_path, {"ingest": {"input": str(path)} | ingest})


def counts_of(path) -> dict[str, int]:
    """The same by sets."""
    rows = pq.read_table(path).to_pandas()
    histories = rows.groupby("user_id").article_id.apply(lambda a: tuple(sorted(a)))
    baskets = rows.groupby(["user_id", "basket_id"]).article_id.nunique()
    return {
        "users": rows.user_id.nunique(),
        "articles": rows.article_id.nunique(),
        "pairs": len(rows[["user_id", "article_id"]].drop_duplicates()),
        "profiles": histories.nunique(),
        "baskets": len(baskets),
        "basket_entries": int(baskets.sum()),
        "basket_work": int((baskets**2).sum()),
    }


def test_exact_where_everything_is_read(shop, tmp_path):
    found = measure_sizes(config_of(shop, tmp_path))
    for name, number in counts_of(shop).items():
        assert getattr(found.sizes, name) == number, name
    assert (found.scope, found.n_sampled_users) == ("", 10_000)


def test_a_sample_of_histories_is_near(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "QUICK_SAMPLE_ROWS", 8_000)
    found = measure_sizes(config_of(shop, tmp_path), quick=True)
    assert 1000 < found.n_sampled_users < 3000
    expected = counts_of(shop)
    for name in ("users", "articles"):
        assert getattr(found.sizes, name) == expected[name]
    for name in ("pairs", "baskets", "basket_entries", "profiles"):
        assert getattr(found.sizes, name) == pytest.approx(expected[name], rel=0.06), name


def test_part_of_the_rows_is_near(shop, tmp_path, monkeypatch):
    table = pq.read_table(shop)
    for number in range(8):
        pq.write_table(table.slice(number * 5000, 5000), tmp_path / f"{number}.parquet")
    monkeypatch.setattr(measuring, "MAX_ROWS", 20_000)
    found = measure_sizes(config_of(tmp_path / "*.parquet", tmp_path))
    expected = counts_of(shop)
    assert found.scope == "20,000 of about 40,000 rows"
    for name in ("users", "articles", "pairs", "baskets"):
        assert getattr(found.sizes, name) == pytest.approx(expected[name], rel=0.15), name
    assert found.sizes.profiles == found.sizes.users  # histories that are cut tell nothing


def test_part_of_a_table_sorted_by_user_has_whole_histories(shop, tmp_path, monkeypatch):
    table = pq.read_table(shop).sort_by("user_id")
    for number in range(8):
        pq.write_table(table.slice(number * 5000, 5000), tmp_path / f"{number}.parquet")
    monkeypatch.setattr(measuring, "MAX_ROWS", 20_000)
    found = measure_sizes(config_of(tmp_path / "*.parquet", tmp_path)).sizes
    expected = counts_of(shop)
    assert found.users == pytest.approx(expected["users"], rel=0.03)
    assert found.profiles == pytest.approx(expected["profiles"], rel=0.05)


def test_a_sample_by_users_is_planned_as_one(shop, tmp_path):
    config = config_of(shop, tmp_path, sample_percent=10, min_sample_users=10)
    assert measure_sizes(config).sizes.users == 1000
    floor = config_of(shop, tmp_path, sample_percent=10, min_sample_users=4000)
    assert measure_sizes(floor).sizes.users == 4000


def test_large_baskets_are_left_out(tmp_path):
    rows = {
        "user_id": np.repeat([1, 2], 100),
        "article_id": np.arange(200),
        "basket_id": np.repeat([1, 2], 100),
    }
    rows["basket_id"][100:] = np.arange(100) + 5
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    config = config_of(tmp_path / "rows.parquet", tmp_path, max_basket_articles=50)
    assert measure_sizes(config).sizes.baskets == 100


def test_without_baskets_a_day_is_one(tmp_path):
    rows = {"user_id": [1, 1, 1, 2], "article_id": [1, 2, 3, 1]}
    rows["timestamp"] = pa.array([0, 0, 90_000_000_000, 0], pa.timestamp("us"))
    rows["timestamp"] = pa.array(
        [value.as_py().replace(year=2020) for value in rows["timestamp"]], pa.timestamp("us")
    )
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    sizes = measure_sizes(config_of(tmp_path / "rows.parquet", tmp_path)).sizes
    assert (sizes.baskets, sizes.basket_id_bytes) == (3, 0)
