"""The comparison finds a neighbour that is missing or wrongly scored."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from agreement import Histories, check_search, compare_similar_users

K = 3


@pytest.fixture
def factors() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)


@pytest.fixture
def histories() -> Histories:
    """User 1 has the history of user 0; user 2 the same articles with other weights."""
    dense = np.eye(30, dtype=np.float32)
    dense[1], dense[2] = dense[0], 2 * dense[0]
    owner = np.arange(30)
    owner[1] = 0
    return Histories(owner, sp.csr_matrix(dense))


@pytest.fixture
def lists(factors: np.ndarray, histories: Histories) -> pd.DataFrame:
    """The K best other histories of every owner, by brute force."""
    units = factors / np.linalg.norm(factors, axis=1, keepdims=True)
    rows = []
    for user in np.unique(histories.owner):
        others = [o for o in np.unique(histories.owner) if o != user]
        others = [o for o in others if not {int(user), int(o)} <= {0, 2}]
        best = sorted(others, key=lambda o: -(units[user] @ units[o]))[:K]
        rows += [(user, i + 1, o, units[user] @ units[o]) for i, o in enumerate(best)]
    return pd.DataFrame(rows, columns=["user", "rank", "other", "similarity"])


def search(factors: np.ndarray, histories: Histories, lists: pd.DataFrame) -> dict[str, float]:
    build = SimpleNamespace(array=lambda _: factors)
    return check_search(build, histories, np.unique(histories.owner), lists)


def test_exact_lists_miss_nothing(factors, histories, lists) -> None:
    found = search(factors, histories, lists)
    assert found["missed"] == 0
    assert found["largest_error"] < 1e-6


def test_a_worse_neighbour_is_a_miss(factors, histories, lists) -> None:
    units = factors / np.linalg.norm(factors, axis=1, keepdims=True)
    row = lists.index[(lists["user"] == 5) & (lists["rank"] == K)][0]
    worst = int(np.argmin(units @ units[5]))
    lists.loc[row, ["other", "similarity"]] = [worst, units[5] @ units[worst]]
    assert search(factors, histories, lists)["missed"] > 0


def test_a_wrong_cosine_is_an_error(factors, histories, lists) -> None:
    lists.loc[4, "similarity"] += 0.01
    assert search(factors, histories, lists)["largest_error"] == pytest.approx(0.01, abs=1e-5)


def test_peer_lists_are_reduced_to_distinct_other_histories(histories, lists) -> None:
    ours = lists[lists["user"] == 0]
    best = ours["other"].tolist()
    theirs = [(0, 1, 1, 1.0), (0, 2, 2, 1.0)]  # the same history, the same articles
    theirs += [(0, 3, best[0], ours["similarity"].iloc[0])]
    theirs += [(0, 4, best[1], ours["similarity"].iloc[1] - 0.002)]
    frame = pd.DataFrame(theirs, columns=["user", "rank", "other", "similarity"])
    found = compare_similar_users(histories, ours, frame)
    assert found["entries"] == 2
    assert found["median"] == pytest.approx(0.001, abs=1e-6)
