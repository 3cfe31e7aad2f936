import numpy as np
import pytest
from running import open_context

from cfdist.stages import factorize as factorize_module
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import ingest


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
