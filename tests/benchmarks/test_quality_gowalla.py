"""The protocol's tables, candidates and bounds on a small stand-in for Gowalla."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import quality_gowalla as gowalla
import quality_gowalla_run
import quality_repeat
import scipy.sparse as sp

from cfdist.algorithms.csr import CsrBlock
from cfdist.config import Config


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """60 users × 30 places, five of them held out for each user."""
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(60), 15)
    places = np.concatenate([rng.permutation(30)[:15] for _ in range(60)])
    held = np.tile(np.arange(15) < 5, 60)
    for part, chosen in (("train", ~held), ("test", held)):
        ones = np.ones(chosen.sum(), np.float32)
        sp.save_npz(
            tmp_path / f"gowalla_{part}.npz",
            sp.csr_matrix((ones, (rows[chosen], places[chosen])), (60, 30)),
        )
    return tmp_path


def test_tables_hold_the_pairs_of_the_matrices(data: Path) -> None:
    gowalla.write_tables(data, data)
    for part in ("train", "test"):
        table = pq.read_table(data / f"{part}.parquet").to_pydict()
        pairs = zip(table["user_id"], table["article_id"], strict=True)
        matrix = sp.load_npz(data / f"gowalla_{part}.npz").tocoo()
        assert sorted(pairs) == sorted(zip(matrix.row, matrix.col, strict=True))


@pytest.mark.parametrize("choosing", [False, True])
def test_every_candidate_is_valid_and_named_once(choosing: bool) -> None:
    candidates = gowalla.choices() if choosing else gowalla.candidates()
    shared = Config.load(None, gowalla.settings(Path("data"), choosing=choosing))
    names = [candidate.name for candidate in candidates]
    assert len(set(names)) == len(names)
    for candidate in candidates:
        wanted = 600 if candidate.name == gowalla.FROZEN else 256
        assert candidate.config(shared).factorize.n_components == wanted
    if not choosing:
        assert {*gowalla.MUST_HOLD, *gowalla.PUBLISHED, gowalla.CHEBY} <= set(names)


def test_test_pairs_are_not_read_for_a_choice() -> None:
    settings = gowalla.settings(Path("data"), choosing=True)
    assert "test" not in str(settings["evaluation"].get("test_input", ""))
    assert settings["evaluation"]["split"] == "random"


def test_a_filter_below_its_bound_is_named() -> None:
    reached = dict.fromkeys(gowalla.MUST_HOLD, (0.2, 0.17))
    assert gowalla.too_low(reached) == []
    low = gowalla.too_low(reached | {"spectral bspm": (0.2, 0.159)})
    assert len(low) == 1
    assert low[0].startswith("spectral bspm reaches 0.2000 / 0.1590")
    assert gowalla.too_low({"popular": (0.0, 0.0)}) == []


def test_a_table_of_figures_and_gains(data: Path) -> None:
    names = ["popular", "latent", gowalla.CHEBY, gowalla.FROZEN]
    document, lines = quality_gowalla_run.run(data, only=names)
    assert [row["name"] for row in document["candidates"]] == names
    assert document["n_users"] == 60
    assert document["n_pairs"] == 300
    assert sum(line.startswith(f"| {gowalla.CHEBY} |") for line in lines) >= 1
    assert lines[-1] == f"{gowalla.CHEBY}: as high as it must be"
    reached = {row["name"]: row["figures"]["recall@20"].mean for row in document["candidates"]}
    compared = {(gain["name"], gain["metric"]) for gain in document["gains"]}
    assert {(gowalla.FROZEN, "recall@20"), (gowalla.FROZEN, "ndcg@20")} <= compared
    for gain in document["gains"]:
        assert gain["mean"] > 0 or gain["name"] == gowalla.FROZEN
        if gain["metric"] == "recall@20":
            wanted = reached[gain["name"]] - reached[gowalla.CHEBY]
            assert gain["mean"] == pytest.approx(wanted)
        assert gain["low"] <= gain["mean"] <= gain["high"]


def test_a_choice_shows_no_test_figures(data: Path) -> None:
    (data / "gowalla_test.npz").write_bytes((data / "gowalla_train.npz").read_bytes())
    document, lines = quality_gowalla_run.run(data, choosing=True, only=["latent"])
    assert document["gains"] == []
    assert "held out" in lines[0]
    assert 0 < document["n_pairs"] < 600


def test_arpack_in_the_place_of_the_solver() -> None:
    rng = np.random.default_rng(0)
    matrix = sp.random(40, 25, 0.3, "csr", np.float32, rng)
    matrix.sort_indices()
    blocks = [
        CsrBlock(b.data, b.indices.astype(np.int32), b.indptr.astype(np.int64), b.shape)
        for b in (matrix[:15].tocsr(), matrix[15:].tocsr())
    ]
    found = quality_repeat.decompose_arpack(6, *blocks)
    _, sigma, right = np.linalg.svd(matrix.toarray().astype(float))
    np.testing.assert_allclose(found.singular_values, sigma[:6], rtol=1e-6)
    overlap = np.abs(np.sum(found.item_factors * right[:6].T, axis=0))
    np.testing.assert_allclose(overlap, 1, atol=1e-5)


def test_equality_to_four_digits() -> None:
    from cfdist.evaluation.intervals import Estimate

    def means(value: float) -> dict:
        return {"latent": {"recall@20": Estimate(value, 0, 1, 0.1, 5)}}

    near = {"here": means(0.12344), "there": means(0.12346)}
    assert quality_repeat.verdict(near)[0].startswith("latent: equal")
    far = {"here": means(0.1234), "there": means(0.1236)}
    assert quality_repeat.verdict(far)[0].startswith("latent: not equal")
    assert len(quality_repeat.lines(near)) == 6
