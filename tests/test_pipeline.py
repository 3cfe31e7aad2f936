"""The whole job on the sample: what is published, and that it is the same whoever computes it."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from conftest import SAMPLE, quick_config

from cfdist import pipeline, schema
from cfdist.algorithms import partitioning
from cfdist.builds.build import ITEM_TABLE, TABLES, USER_TABLE, load_build
from cfdist.errors import ConfigError, ResourceError
from cfdist.pipeline import experiment, train
from cfdist.runs.record import list_runs

FILES = {
    "manifest.json", "metrics.json", "user_item_matrix.npz", "user_latent_factors.npy",
    "item_latent_factors.npy", "singular_values.npy", "item_similarity.npy",
    *(f"{table}.parquet" for table in TABLES),
}  # fmt: skip

ROOMY = "8GB"
"""A limit, so that the run is out of core; a worker in this process counts what all tests hold."""


@pytest.fixture(scope="module")
def interactions():
    return pd.read_parquet(SAMPLE)


def digests(build) -> dict[str, str]:
    return {file.name: file.sha256 for file in build.manifest.files}


def test_every_file_is_there_and_old_paths_work(trained):
    root = trained.path.parent.parent
    assert {file.name for file in (root / "current").iterdir()} == FILES
    assert (root / "current").resolve() == trained.path
    old = pd.read_parquet(root / f"{USER_TABLE}.parquet")
    assert len(old) == 10 * trained.manifest.counts["n_users"]
    assert np.load(root / "item_latent_factors.npy").shape[1] == 16
    assert sp.load_npz(root / "user_item_matrix.npz").shape == (3000, 400)
    trained.check()


def test_tables_have_their_schemas(trained):
    ids = pa.int64()
    expected = {
        USER_TABLE: schema.user_recommendations(ids, ids),
        ITEM_TABLE: schema.item_recommendations(ids),
        "users": schema.users(ids),
        "articles": schema.articles(ids),
        "similar_users": schema.similar_users(ids),
    }
    for table, wanted in expected.items():
        assert trained.arrow(table).schema.equals(wanted), table


def test_lists_are_full_ordered_and_never_hold_an_owned_article(trained, interactions):
    lists = trained.pandas(USER_TABLE)
    assert (lists.groupby("user_id").size() == 10).all()
    assert not lists.duplicated(["user_id", "article_id"]).any()
    assert lists["rank"].tolist() == list(range(1, 11)) * lists["user_id"].nunique()
    owned = interactions[["user_id", "article_id"]].drop_duplicates()
    assert lists.merge(owned, on=["user_id", "article_id"]).empty
    for _, scores in lists.groupby(["user_id", "source"], observed=True)["score"]:
        assert scores.is_monotonic_decreasing


def test_pairs_count_baskets(trained, interactions):
    pairs = trained.pandas(ITEM_TABLE)
    counted = pairs[(pairs["source"] == "bought_together")]
    baskets = interactions[["user_id", "basket_id", "article_id"]].drop_duplicates()
    both = baskets.merge(baskets, on=["user_id", "basket_id"])
    both = both.groupby(["article_id_x", "article_id_y"]).size()
    for row in counted.sample(200, random_state=0).itertuples():
        assert row.pair_count == both[row.article_id, row.other_article_id]
        assert row.confidence == pytest.approx(
            row.pair_count / both[row.article_id, row.article_id]
        )
    assert (counted["pair_count"] >= 3).all()
    sizes = pairs.groupby(["article_id", "relation"], observed=True).size()
    assert (sizes <= 20).all()
    assert not pairs.duplicated(["article_id", "relation", "other_article_id"]).any()
    assert (pairs["article_id"] != pairs["other_article_id"]).all()


def test_manifest_accounts_for_every_row(trained, interactions):
    rows = trained.manifest.rows
    assert rows["rows_in"] == len(interactions)
    assert rows["rows_in"] == rows["rows_used"] + sum(rows["dropped"].values())


@pytest.mark.parametrize("method", ["item_neighbors", "latent", "popular"])
def test_every_method_fills_its_lists(tmp_path, method, interactions):
    build = train(quick_config(tmp_path, {"recommend": {"method": method}}))
    lists = build.pandas(USER_TABLE)
    assert (lists.groupby("user_id").size() == 10).all()
    assert lists["source"].iloc[0] == method
    owned = interactions[["user_id", "article_id"]].drop_duplicates()
    assert lists.merge(owned, on=["user_id", "article_id"]).empty


def in_files(folder: Path, number: int, seed: int | None) -> Path:
    """The sample as so many files of unequal size, its rows shuffled."""
    table = pq.read_table(SAMPLE)
    if seed is not None:
        table = table.take(pa.array(np.random.default_rng(seed).permutation(len(table))))
    bounds = np.linspace(0, 1, number + 1) ** 2 * len(table)
    target = folder / f"files-{number}-{seed}"
    target.mkdir()
    for part, (first, last) in enumerate(pairwise(bounds)):
        rows = table.slice(int(first), int(last) - int(first))
        pq.write_table(rows, target / f"part-{part}.parquet", row_group_size=3000)
    return target


def test_same_bytes_for_any_files_rows_threads_and_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", 4096)  # five blocks, a real shuffle
    variants = [
        (in_files(tmp_path, 1, None), {"threads": 1}),
        (in_files(tmp_path, 2, 1), {"threads": 2}),
        (in_files(tmp_path, 7, 2), {"threads": 2}),
        (in_files(tmp_path, 7, 3), {"workers": 1, "threads": 2}),
        (in_files(tmp_path, 2, 4), {"workers": 2, "threads": 1}),
    ]
    found = []
    for number, (source, cluster) in enumerate(variants):
        given = {"ingest": {"input": str(source)}, "cluster": cluster}
        found.append(digests(train(quick_config(tmp_path / str(number), given))))
    assert len([name for name in found[0] if name.startswith(USER_TABLE)]) == 5
    for other in found[1:]:
        assert other == found[0]


def test_stopped_run_resumes_at_the_last_complete_stage(tmp_path, monkeypatch):
    from cfdist import pipeline

    whole = digests(train(quick_config(tmp_path / "whole")))

    def stopped(*_):
        raise KeyboardInterrupt

    config = quick_config(tmp_path / "stopped")
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "recommend", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(config)
    assert not (tmp_path / "stopped" / "recommendations" / "current").exists()
    build = train(config)
    assert build.manifest.resumed == [
            "ingest", "index", "matrix", "factorize", "profiles", "neighbors",
        ]  # fmt: skip
    assert digests(build) == whole
    assert not list((tmp_path / "stopped" / "runs" / "checkpoints").glob("*/"))


def test_other_settings_do_not_resume_what_depends_on_them(tmp_path, monkeypatch):
    from cfdist import pipeline

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "recommend", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(quick_config(tmp_path))
    build = train(quick_config(tmp_path, {"factorize": {"n_components": 8}}))
    assert build.manifest.resumed == ["ingest", "index", "matrix", "profiles"]


def test_experiment_publishes_nothing_and_is_recorded(tmp_path):
    config = quick_config(tmp_path, {"ingest": {"min_sample_users": 1000}})
    record = experiment(config)
    assert record.status == "done"
    assert 1000 <= record.metrics["n_users"] < 1100
    assert 0 < record.metrics["energy"] < 1
    assert not (tmp_path / "recommendations" / "current").exists()
    assert (tmp_path / "runs" / record.run / "run.json").is_file()


def test_experiment_publishes_when_asked(tmp_path):
    config = quick_config(tmp_path, {"experiment": {"publish": True}})
    record = experiment(config)
    assert load_build(tmp_path / "recommendations").id == record.build


def test_train_uses_a_client_and_leaves_it_open(tmp_path, trained):
    from distributed import Client

    with Client(processes=False, dashboard_address="127.0.0.1:0", n_workers=1) as client:
        build = train(quick_config(tmp_path), client=client)
        assert client.status == "running"
    assert digests(build) == digests(trained)


def test_without_a_search_of_similar_users_the_other_lists_are_the_same(tmp_path, trained):
    alone = train(
        quick_config(
            tmp_path,
            {"neighbors": {"n_similar_users": 0}, "recommend": {"method": "item_neighbors"}},
        )
    )
    assert alone.pandas("similar_users").empty
    assert len(alone.pandas(USER_TABLE)) == len(trained.pandas(USER_TABLE))
    known = {file.name: file.sha256 for file in trained.manifest.files}
    found = {file.name: file.sha256 for file in alone.manifest.files}
    assert found["item_similarity.npy"] == known["item_similarity.npy"]


def test_similar_users_are_needed_by_the_method_that_asks_them(tmp_path):
    config = quick_config(
        tmp_path,
        {"neighbors": {"n_similar_users": 0}, "recommend": {"method": "user_neighbors"}},
    )
    with pytest.raises(ConfigError, match=r"n_similar_users = 0, and .*user_neighbors"):
        train(config)


@pytest.mark.parametrize("workers", [0, 2])
def test_out_of_core_the_published_bytes_are_the_same(tmp_path, trained, workers):
    limited = {"cluster": {"memory_limit": ROOMY, "workers": workers}}
    build = train(quick_config(tmp_path, limited))
    assert digests(build) == digests(trained)


def test_out_of_core_a_stopped_run_goes_on(tmp_path, trained, monkeypatch):
    config = quick_config(tmp_path, {"cluster": {"memory_limit": ROOMY}})

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "publish", stop)
        with pytest.raises(KeyboardInterrupt):
            train(config)
    build = train(config)
    assert digests(build) == digests(trained)
    assert "neighbors" in build.manifest.resumed


def many_histories(folder: Path) -> Path:
    """200,000 users of three articles each, hardly two alike."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"user_id": np.repeat(np.arange(200_000), 3), "article_id": rng.integers(0, 3000, 600_000)}
    )
    frame.to_parquet(folder / "many.parquet")
    return folder / "many.parquet"


def test_what_does_not_fit_is_refused_before_it_is_computed(tmp_path):
    settings = {
        "ingest": {"input": str(many_histories(tmp_path))},
        "neighbors": {"n_similar_users": 1000},
        "cluster": {"memory_limit": "1GB"},
        "runs": {"checkpoints": False},
    }
    config = quick_config(tmp_path, settings)
    with pytest.raises(ResourceError, match=r"needs .* GB in a worker, and 0.80 GB can be") as told:
        train(config)
    assert "workers with" in told.value.remedy
    record = list_runs(Path(config.runs.path))[-1]
    assert record.status == "failed"
    assert not record.seconds, "no stage ran"


def test_the_manifest_has_what_was_planned_beside_what_was_measured(trained):
    planned = trained.manifest.plan
    measured = {stage["stage"]: stage.get("measured_seconds") for stage in planned["stages"]}
    assert measured["ingest"] == pytest.approx(trained.manifest.seconds["ingest"], abs=0.01)
    assert planned["fits"]
    assert planned["measured"]["output_bytes"] == sum(f.bytes for f in trained.manifest.files)
    assert planned["measured"]["peak_bytes"] > 100_000_000
