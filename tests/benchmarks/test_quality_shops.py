"""A shop from rows to tables: the choice on earlier windows, the report on the last."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import quality_shops
import scipy.sparse as sp
from held_out_shop import candidate, shop_rows
from quality_peers import Peer, Scores, best_articles, ease
from quality_shop_tables import verdict

from cfdist.config import Config
from cfdist.evaluation.candidates import Candidate
from cfdist.evaluation.intervals import Estimate

SHOP = quality_shops.Shop("a shop", "rows.parquet", 12)


def worst(train: sp.csr_matrix, **settings: Any) -> Scores:
    """The order of EASE, turned round."""
    scores = ease(train, **settings)
    return lambda rows: -scores(rows)


GRID = [
    Peer("EASE", {"ridge": 1.0, "binary": True}, ease),
    Peer("EASE", {"ridge": 30.0, "binary": True}, worst),
]


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict, list[str], dict]:
    """Document and lines of a shop, and what its parts were asked for."""
    asked: dict[str, list] = {"owned": [], "with_owned": []}
    pq.write_table(pa.table(shop_rows()), tmp_path / SHOP.file)

    def candidates(config: Config) -> list[Candidate]:
        asked["owned"].append((config.evaluation.articles, config.recommend.owned))
        return [candidate(name) for name in ("popular", "item_neighbors", "latent")]

    def lists(*args: Any, with_owned: bool) -> np.ndarray:
        asked["with_owned"].append(with_owned)
        return best_articles(*args, with_owned=with_owned)

    monkeypatch.setattr(quality_shops, "default_candidates", candidates)
    monkeypatch.setattr(quality_shops, "peers", lambda: GRID)
    monkeypatch.setattr(quality_shops, "best_articles", lists)
    document, lines = quality_shops.run(SHOP, tmp_path)
    return document, lines, asked


def test_a_shop_from_rows_to_tables(measured: tuple[dict, list[str], dict]) -> None:
    document, lines, asked = measured
    roles = [window["role"] for window in document["windows"]]
    assert roles == ["choose"] * 3 + ["report"]
    for kind in ("new", "all"):
        rows = document[kind]["rows"]
        assert [row["is_peer"] for row in rows] == [False] * 3 + [True]
        assert rows[-1]["name"] == GRID[0].label  # the better of the two, though it comes first
        assert document[kind]["decision"] in [row["name"] for row in rows if not row["is_peer"]]
        decision = next(row for row in rows if row["name"] == document[kind]["decision"])
        assert decision["decision_ahead"].mean == 0
        for row in rows:
            wanted = decision["figures"]["recall@10"].mean - row["figures"]["recall@10"].mean
            assert row["decision_ahead"].mean == pytest.approx(wanted)
    assert document["new"]["population"]["n_judged"] < document["all"]["population"]["n_judged"]
    assert sum("**" in line for line in lines) == 2
    assert sum(line.startswith("| *EASE") for line in lines) == 2
    assert asked["owned"] == [("new", "exclude"), ("all", "include")]
    # three windows × two settings × two kinds of lists, then the chosen one for each kind
    assert asked["with_owned"] == [False, True] * 7


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as found:
        quality_shops.run(quality_shops.ONLINE_RETAIL, tmp_path)
    assert str(found.value.filename).endswith("online_retail.parquet")


def test_who_is_ahead_of_the_decision_is_named() -> None:
    def row(name: str, low: float, high: float) -> dict:
        return {"name": name, "decision_ahead": Estimate((low + high) / 2, low, high, 0.1, 5)}

    rows = [row("latent", 0, 0), row("popular", 0.01, 0.02), row("blend", -0.02, 0.01)]
    assert "1 of 2 others are behind" in verdict({"decision": "latent", "rows": rows})[0]
    rows.append(row("EASE", -0.02, -0.01))
    assert verdict({"decision": "latent", "rows": rows}) == ["Ahead of the decision, latent: EASE."]
