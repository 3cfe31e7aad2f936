import argparse
import json

import numpy as np
import pytest
import scipy.sparse as sp
import svd
import svd_peers
from svd import Case, compare, largest_error, lines
from svd_peers import Peer, exact_values

K = 4


def small_case():
    rng = np.random.default_rng(0)
    dense = (rng.random((300, 20)) < 0.2) * np.geomspace(3, 0.3, 20)
    return Case("small", "a small matrix", sp.csr_matrix(dense, dtype=np.float32), K)


def failing(matrix, k):
    raise TypeError("no sparse chunks\nsecond line")


PEERS = [
    Peer("cfdist", "cfdist", svd_peers.cfdist),
    Peer("svds", "scipy", svd_peers.scipy("arpack")),
    Peer("one off", "numpy", lambda matrix, k: exact_values(matrix, k) * 1.1),
    Peer("absent", "no_such_module", failing),
    Peer("failing", "numpy", failing),
]


def test_exact_values():
    case = small_case()
    wanted = np.linalg.svd(case.matrix.toarray().astype(np.float64), compute_uv=False)[:K]
    np.testing.assert_allclose(exact_values(case.matrix, K), wanted, rtol=1e-12)


def test_every_peer_is_a_row():
    rows = compare(small_case(), PEERS, 2)
    by_name = {row["peer"]: row for row in rows}
    assert by_name["cfdist"]["ratio_to_cfdist"] == 1
    assert by_name["cfdist"]["largest_relative_error"] < 1e-4
    assert len(by_name["svds"]["seconds"]) == 2
    assert by_name["svds"]["others_share"] >= 0
    assert by_name["one off"]["largest_relative_error"] == pytest.approx(0.1)
    assert by_name["absent"]["error"] == "skipped: no_such_module is not installed"
    assert by_name["failing"]["error"] == "skipped: TypeError: no sparse chunks"
    shown = "\n".join(lines(rows, [svd.described(small_case())]))
    assert "a small matrix" in shown
    assert "| failing | skipped: TypeError: no sparse chunks |" in shown


def test_what_runs_long_runs_once(monkeypatch):
    monkeypatch.setattr(svd, "LONG_S", 0.0)
    rows = compare(small_case(), PEERS[:1], 3)
    assert len(rows[0]["seconds"]) == 1


def test_missing_values_are_infinitely_wrong():
    assert largest_error(np.ones(2), np.ones(3)) == np.inf


@pytest.mark.parametrize(
    "name", [peer.name for peer in svd_peers.PEERS if peer.module == "sklearn"]
)
def test_scikit_learn_is_called_right(name):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    peer = next(peer for peer in svd_peers.PEERS if peer.name == name)
    case = small_case()
    exact = exact_values(case.matrix, K)
    assert largest_error(peer.run(case.matrix, K), exact) < 1e-2


def test_the_document(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(svd, "cases", lambda given: iter([small_case()]))
    path = tmp_path / "svd.json"
    given = argparse.Namespace(json=path, repeat=1, peers=["cfdist"])
    monkeypatch.setattr(svd, "parse_arguments", lambda: given)
    svd.main()
    found = json.loads(path.read_text())
    assert found["name"] == "svd"
    assert [row["peer"] for row in found["rows"]] == ["cfdist"]
    assert found["data"][0]["nnz"] == small_case().matrix.nnz
    assert "a small matrix" in capsys.readouterr().out
