from itertools import pairwise

import numpy as np
import pytest
from reference import all_cosines, top_partners
from running import open_context

from cfdist.stages import pairs as pairs_module
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import ingest
from cfdist.stages.pairs import pairs

N_ARTICLES, N, MIN_COUNT = 14, 5, 2


def rows() -> dict[str, list]:
    rng = np.random.default_rng(2)
    found = [
        (basket % 30, 100 + int(article), basket)
        for basket in range(120)
        for article in set((N_ARTICLES * rng.random(rng.integers(1, 5)) ** 1.5).astype(int))
    ]
    users, articles, baskets = zip(*found, strict=True)
    return {"user_id": list(users), "article_id": list(articles), "basket_id": list(baskets)}


def baskets_by_hand() -> np.ndarray:
    table = rows()
    held = np.zeros((120, N_ARTICLES), int)
    held[table["basket_id"], np.array(table["article_id"]) - 100] = 1
    return held


@pytest.mark.parametrize("n_shards", [1, 3])
def test_partners_by_shared_baskets_and_by_cosine(tmp_path, monkeypatch, n_shards):
    """Whatever runs of articles the tasks have."""
    bounds = np.linspace(0, N_ARTICLES, n_shards + 1).astype(int).tolist()
    monkeypatch.setattr(
        pairs_module, "article_shards",
        lambda n: [range(a, b) for a, b in pairwise(bounds)],
    )  # fmt: skip
    given = {
        "factorize": {"n_components": 4}, "neighbors": {"n_similar_items": N},
        "recommend": {"min_pair_count": MIN_COUNT},
    }  # fmt: skip
    with open_context(tmp_path, rows(), given) as context:
        fitting = Fitting(context, ingest(context))
        made = pairs(fitting)
        shards = [shard.result() for shard in made.shards]
        factors = fitting.factors
        v = factors.item_factors.result().astype(float) * factors.meta["singular_values"]
    assert len(shards) == n_shards
    columns = {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}
    assert made.meta["n_pairs"] == len(columns["article"])
    baskets = baskets_by_hand()
    partners, counts = top_partners(baskets, N, MIN_COUNT)
    cosines = all_cosines(v)
    held = baskets.sum(axis=0)
    relations = columns["relation"]
    for article in range(N_ARTICLES):
        rows_of = columns["article"] == article
        together, similar = (rows_of & (relations == code) for code in (0, 1))
        n = int((partners[article] >= 0).sum())
        counted = np.flatnonzero(together)[:n]
        assert columns["other"][counted].tolist() == partners[article][:n].tolist()
        assert columns["pair_count"][counted].tolist() == counts[article][:n].tolist()
        np.testing.assert_allclose(
            columns["confidence"][counted], counts[article][:n] / held[article], rtol=1e-6
        )
        others = np.delete(np.arange(N_ARTICLES), article)
        best = others[np.argsort(-cosines[article, others], kind="stable")][:N]
        np.testing.assert_allclose(
            cosines[article, columns["other"][similar]], cosines[article, best], atol=1e-5
        )
