"""The neighbours of cfdist and its peers against dense NumPy, on small tables."""

import argparse
from dataclasses import replace
from pathlib import Path

import neighbor_data
import neighbor_peers
import neighbors
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from neighbor_data import Rows, unit_rows
from neighbor_peers import PEERS, others
from neighbor_truth import brute_force, largest_error, recall
from small_shop import shop_rows

N_ROWS = 700


@pytest.fixture
def rows() -> Rows:
    rng = np.random.default_rng(0)
    matrix = sp.random(N_ROWS, 60, density=0.2, format="csr", dtype=np.float32, rng=rng)
    units = unit_rows(rng.standard_normal((N_ROWS, 8)))
    units[100:140] = units[100]  # more equal rows than places
    return Rows(units, np.arange(N_ROWS), matrix)


def dense_cosines(rows: Rows) -> np.ndarray:
    cosines = rows.units.astype(np.float64) @ rows.units.T.astype(np.float64)
    cosines[rows.family[:, None] == rows.family] = -2
    return cosines


def test_brute_force_is_the_dense_answer(rows: Rows) -> None:
    grouped = replace(rows, family=np.arange(N_ROWS) // 3)
    truth = brute_force(grouped, np.array([5, 100, 699]), 20)
    wanted = -np.sort(-dense_cosines(grouped)[truth.queries], axis=1)[:, :20]
    np.testing.assert_allclose(truth.best, wanted, atol=1e-12)


def test_recall_counts_what_is_missed_and_takes_any_of_equal_rows(rows: Rows) -> None:
    truth = brute_force(rows, np.arange(100, 120), 20)
    best = np.argsort(-dense_cosines(rows)[truth.queries], axis=1, kind="stable")
    assert recall(rows, truth, best[:, :20]) == 1
    assert recall(rows, truth, best[:, 15:35]) == 1  # forty equal rows: any twenty are right
    far = best[:, :20].copy()
    far[:, 10:] = best[:, 300:310]
    assert recall(rows, truth, far) == 0.5
    far[:, 10:] = -1
    assert recall(rows, truth, far) == 0.5


def test_a_wrong_cosine_and_a_missed_neighbour_are_errors(rows: Rows) -> None:
    truth = brute_force(rows, np.arange(10), 20)
    best = np.argsort(-dense_cosines(rows)[:10], axis=1, kind="stable")
    scores = np.take_along_axis(dense_cosines(rows)[:10], best, axis=1).astype(np.float32)
    assert largest_error(rows, truth, best[:, :20], scores[:, :20]) < 1e-6
    assert largest_error(rows, truth, best[:, 1:21], scores[:, 1:21]) > 1e-3
    assert largest_error(rows, truth, best[:, :20], scores[:, :20] + 0.01) > 1e-3


def test_the_query_itself_is_no_neighbour() -> None:
    found = np.array([[3, 1, 2], [0, 2, 5], [7, -1, -1]])
    np.testing.assert_array_equal(
        others(found, np.array([3, 1, 7]), 3), [[1, 2, -1], [0, 2, 5], [-1, -1, -1]]
    )


@pytest.mark.parametrize("peer", [p for p in PEERS if p.is_exact], ids=lambda peer: peer.name)
def test_exact_peers_find_all(peer: neighbor_peers.Peer, rows: Rows) -> None:
    pytest.importorskip(peer.module, reason=f"{peer.module} is not installed")
    truth = brute_force(rows, np.arange(0, N_ROWS, 7))
    found = others(peer.build(rows)(truth.queries), truth.queries)
    assert recall(rows, truth, found) == 1


def test_probes_are_the_fewest_that_reach_the_recall(rows: Rows) -> None:
    pytest.importorskip("faiss", reason="faiss-cpu is not installed")
    truth = brute_force(rows, np.arange(200))
    search = neighbor_peers.FaissInverted(rows)
    assert f"nprobe {search.index.nprobe}" not in neighbor_peers.fewest_probes(search, rows, truth)
    chosen = search.index.nprobe
    assert recall(rows, truth, others(search(truth.queries), truth.queries)) >= 0.993
    search.index.nprobe = max(p for p in neighbor_peers.PROBES if p < chosen)
    assert recall(rows, truth, others(search(truth.queries), truth.queries)) < 0.993


def test_the_sparse_peer_compares_rows_of_the_matrix(rows: Rows) -> None:
    pytest.importorskip("sparse_dot_topn", reason="sparse_dot_topn is not installed")
    queries = np.array([3, 8, 500])
    found = others(neighbor_peers.sparse_dot(rows)(queries), queries)
    dense = unit_rows(rows.matrix.toarray())
    cosines = dense[queries] @ dense.T
    cosines[np.arange(3), queries] = -2
    wanted = -np.sort(-cosines, axis=1)[:, :20]
    np.testing.assert_allclose(np.take_along_axis(cosines, found, axis=1), wanted, atol=1e-6)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    pq.write_table(pa.table(shop_rows()), tmp_path / "rows.parquet")
    return tmp_path / "rows.parquet"


@pytest.mark.parametrize("side", ["users", "articles"])
def test_cfdist_is_right_and_a_wrong_list_would_show(shop: Path, side: str) -> None:
    settings = {"ingest": {"input": str(shop)}, "factorize": {"n_components": 8}}
    data = neighbor_data.DataSet("shop", "a shop", settings, side, with_repeats=True)
    searched = neighbor_data.search(data, repeat=2)
    rows = searched.distinct
    assert len(searched.ours.seconds) == 2
    assert (searched.every is not None) == (side == "users")
    truth = brute_force(rows, np.arange(len(rows)))
    assert recall(rows, truth, searched.ids) == 1
    assert largest_error(rows, truth, searched.ids, searched.scores) < 1e-6
    shifted = np.roll(searched.ids, 1, axis=0)
    assert largest_error(rows, truth, shifted, searched.scores) > 1e-3


def test_one_comparison_has_a_row_per_peer_and_failures_with_their_reason(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"ingest": {"input": str(shop)}, "factorize": {"n_components": 8}}
    data = neighbor_data.DataSet("shop", "a shop", settings, with_repeats=True)

    def brute(rows: Rows):
        return lambda queries: np.argsort(-dense_cosines(rows)[queries], axis=1)[:, :21]

    def broken(rows: Rows):
        raise MemoryError("too large")

    peers = [
        neighbor_peers.Peer("brute", brute, "numpy", 10),
        neighbor_peers.Peer("broken", broken, "numpy", 10),
        neighbor_peers.Peer("absent", brute, "no_such_module", 10),
    ]
    both = list(neighbors.compare(data, peers, repeat=1))
    assert [found[0]["searched"] for found in both] == ["all users", "distinct rows"]
    for ours, good, broke, absent in both:
        assert ours["peer"] == "cfdist"
        assert ours["recall"] == good["recall"] == 1
        assert good["n_queries"] == 10
        ratio = good["seconds_median"] / ours["seconds_median"]
        assert good["ratio_to_cfdist"] == pytest.approx(ratio)
        assert "too large" in broke["error"]
        assert "not installed" in absent["error"]
    rows = [row for found in both for row in found]
    assert len(neighbors.lines(rows)) == 2 * (3 + 5 + 1)
    assert neighbors.list_data(rows)[0]["n_rows"] == both[1][0]["n_rows"]


def test_a_scaled_time_counts_the_build_once(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    from timing import Timed

    times = iter([Timed([5.0], lambda q: np.zeros((len(q), 21), int), 0), Timed([2.0], None, 0)])
    monkeypatch.setattr(neighbors, "repeated", lambda call, repeat: next(times))
    truth = brute_force(rows, np.arange(10))
    peer = neighbor_peers.Peer("any", neighbor_peers.faiss_flat, "numpy", 70)
    found = neighbors._timed(peer, rows, truth, 1)
    assert found["seconds_median"] == 5 + 10 * 2


def test_real_data_are_left_out_with_a_word_if_no_folder_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = argparse.Namespace(quick=False, data=None)
    sets = neighbors.data_sets(tmp_path / "x.parquet", neighbors.REFERENCE, given, tmp_path)
    assert [data.name for data in sets] == ["reference"]
    assert "--data" in capsys.readouterr().err
