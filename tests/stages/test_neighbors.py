from dataclasses import replace

import numpy as np
import pytest
from running import open_context
from strict.installing import strict_packages

from cfdist.algorithms import partitioning
from cfdist.backends import get_backend
from cfdist.stages import factorize as factorize_module
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import ingest
from cfdist.stages.neighbors import neighbors


def unit(rows):
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1)


def test_equal_to_brute_force_over_all_users(tmp_path):
    with open_context(tmp_path) as context:
        fitting = Fitting(context, ingest(context))
        weights, factors, near = fitting.matrix, fitting.factors, fitting.neighbors
        profiles = fitting.profiles.profiles.result()
        users = unit(np.concatenate([f.result() for f in factors.user_factors]).astype(np.float64))
        blocks = [f.result() for f in weights.blocks]
        sets = [
            frozenset(block.indices[a:b])
            for block in blocks
            for a, b in zip(block.indptr[:-1], block.indptr[1:], strict=True)
        ]
        lists = near.users.result()
        for profile in range(0, len(profiles.owner), 97):
            owner = profiles.owner[profile]
            scores = users[profiles.owner] @ users[owner]
            scores[[sets[other] == sets[owner] for other in profiles.owner]] = -9
            best = np.sort(scores)[::-1][:20]
            assert lists["scores"][profile] == pytest.approx(best, abs=1e-5)
            ids = lists["ids"][profile]
            assert scores[ids] == pytest.approx(best, abs=1e-5)
        items = unit(factors.item_factors.result().astype(np.float64) * factors.singular_values)
        cosines = items @ items.T
        np.fill_diagonal(cosines, -9)
        best = np.sort(cosines, axis=1)[:, ::-1][:, :20]
        assert np.allclose(near.articles.result()["scores"], best, atol=1e-5)


def test_users_with_one_history_are_one_profile(tmp_path, monkeypatch):
    monkeypatch.setattr(factorize_module, "GRAM_ARTICLES", 0)
    monkeypatch.setattr(factorize_module, "GRAM_USERS", 0)
    columns = {
        "user_id": [1, 1, 2, 2, 3, 4, 4, 4],
        "article_id": [1, 2, 1, 2, 3, 1, 1, 2],
    }
    with open_context(tmp_path, columns, {"factorize": {"n_components": 2}}) as context:
        fitting = Fitting(context, ingest(context))
        profiles = fitting.profiles.profiles.result()
        assert sorted(profiles.n_users.tolist()) == [1, 1, 2]
        lists = fitting.neighbors.users.result()["ids"]
        same_set = [p for p, n in enumerate(profiles.family) if (profiles.family == n).sum() == 2]
        assert len(same_set) == 2
        for profile in same_set:
            assert not set(lists[profile]) & set(same_set), "they have nothing to offer each other"


@pytest.mark.parametrize("n_shards", [1, 3])
def test_a_device_finds_the_same_lists(tmp_path, monkeypatch, n_shards):
    """One index on every device, or shards of which each worker holds some."""
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", 4096)
    with strict_packages() as device, open_context(tmp_path) as context:
        get_backend.cache_clear()
        fitting = Fitting(context, ingest(context))
        assert len(fitting.factors.user_factors) >= n_shards
        on_cpu = fitting.neighbors
        monkeypatch.setattr(get_backend("gpu").neighbors, "n_shards", lambda *_: n_shards)
        on_gpu = neighbors(
            replace(context, backend="gpu", memory=None),
            fitting.index,
            fitting.profiles,
            fitting.factors,
        )
        for side in ("users", "articles"):
            found = getattr(on_gpu, side).result()
            assert isinstance(found["ids"], device.array.ndarray), "lists stay where they are used"
            found = get_backend("gpu").to_host(found)
            wanted = getattr(on_cpu, side).result()
            np.testing.assert_array_equal(found["ids"], wanted["ids"])
            np.testing.assert_array_equal(found["scores"], wanted["scores"])
        assert on_gpu.meta["article_pairs_share"] >= 1
        held = sum(array.nbytes for array in fitting.profiles.profiles.result())
        n_blocks = len(fitting.factors.user_factors)
        assert context.transfers["neighbors"]["to_host_bytes"] <= held * n_blocks, "no list, no row"
    get_backend.cache_clear()
