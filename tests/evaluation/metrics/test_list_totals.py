"""Totals of the lists: by hand, against loops, and the same in any blocks."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfdist.evaluation.metrics.list_totals import (
    ListTotals,
    add_list_totals,
    count_articles,
    finish_list_totals,
    list_totals,
)

N_ARTICLES = 12
N_USERS = np.array([16, 8, 4, 4, 2, 2, 1, 1, 1, 1, 0, 8])
KS = (1, 3, 5)
UNITS = np.random.default_rng(3).standard_normal((N_ARTICLES, 4)).astype(np.float32)
UNITS /= np.linalg.norm(UNITS, axis=1, keepdims=True)

some_lists = st.lists(
    st.permutations([*range(N_ARTICLES), -1, -1, -1, -1]).map(lambda ranked: ranked[:6]),
    min_size=1,
    max_size=8,
).map(lambda lists: np.array(lists, dtype=np.int64))


def totals_of(lists: np.ndarray) -> ListTotals:
    return list_totals(lists, N_USERS, 16, UNITS, KS)


def loops(lists: np.ndarray, k: int) -> dict[str, float]:
    """The five figures at one rank, entry by entry; nan without entries or pairs."""
    shown = [[a for a in ranked[:k] if a >= 0] for ranked in lists.tolist()]
    entries = [a for ranked in shown for a in ranked]
    counts = sorted(entries.count(a) for a in range(N_ARTICLES))
    pairs = sum(abs(a - b) for a in counts for b in counts)
    head = {0, 1}  # two of twelve; article 1 before article 11, which has as many users
    bits = [-math.log2(max(N_USERS[a], 1) / 16) for a in entries]
    distances = [
        np.mean([1 - float(UNITS[a].astype(float) @ UNITS[b]) for a, b in combinations(ranked, 2)])
        for ranked in shown
        if len(ranked) >= 2
    ]
    n = len(entries)
    return {
        f"coverage@{k}": len(set(entries)) / N_ARTICLES,
        f"gini@{k}": pairs / (2 * (N_ARTICLES - 1) * n) if n else math.nan,
        f"head_share@{k}": sum(a in head for a in entries) / n if n else math.nan,
        f"novelty@{k}": sum(bits) / n if n else math.nan,
        f"diversity@{k}": float(np.mean(distances)) if distances else math.nan,
    }


@settings(deadline=None)
@given(lists=some_lists)
def test_figures_are_those_of_loops(lists: np.ndarray) -> None:
    found = finish_list_totals(totals_of(lists), N_USERS, KS)
    expected = {name: value for k in KS for name, value in loops(lists, k).items()}
    assert found == pytest.approx(expected, abs=1e-6, nan_ok=True)
    assert list(found) == list(expected)


@settings(deadline=None)
@given(lists=some_lists, cut=st.integers(0, 8), seed=st.integers(0, 9))
def test_blocks_add_up_to_the_whole(lists: np.ndarray, cut: int, seed: int) -> None:
    turned = lists[np.random.default_rng(seed).permutation(len(lists))]
    parts = add_list_totals(totals_of(turned[:cut]), totals_of(turned[cut:]))
    whole = totals_of(lists)
    assert np.array_equal(parts.article_counts, whole.article_counts)
    assert np.array_equal(parts.n_with_distance, whole.n_with_distance)
    assert np.allclose(parts.distance_sum, whole.distance_sum, rtol=1e-12, atol=1e-12)


def test_figures_by_hand() -> None:
    """Two users; article 0 for both, 6 for one: 16 and 1 of 16 users took them."""
    totals = totals_of(np.array([[0, 6, -1, -1, -1, -1], [0, -1, -1, -1, -1, -1]]))
    figures = finish_list_totals(totals, N_USERS, KS)
    assert totals.article_counts.sum(axis=1).tolist() == [2, 3, 3]
    assert totals.n_with_distance.tolist() == [0, 1, 1]
    assert figures["coverage@1"] == 1 / 12
    assert figures["coverage@3"] == 2 / 12
    assert figures["gini@1"] == 1.0
    assert figures["head_share@3"] == pytest.approx(2 / 3)
    assert figures["novelty@3"] == pytest.approx(4 / 3)
    assert math.isnan(figures["diversity@1"])
    assert figures["diversity@5"] == pytest.approx(1 - float(UNITS[0] @ UNITS[6]))


@pytest.mark.parametrize("n_users", [0, 3])
def test_empty_lists_have_no_figures_but_coverage(n_users: int) -> None:
    totals = totals_of(np.full((n_users, 6), -1, dtype=np.int64))
    figures = finish_list_totals(totals, N_USERS, KS)
    assert figures.pop("coverage@1") == figures.pop("coverage@3") == figures.pop("coverage@5") == 0
    assert all(math.isnan(value) for value in figures.values())


def test_counts_are_up_to_each_rank() -> None:
    counts = count_articles(np.array([[2, 0, -1], [2, -1, 1]]), 4, (1, 2, 3))
    assert counts.tolist() == [[0, 0, 2, 0], [1, 0, 2, 0], [1, 1, 2, 0]]
    assert counts.dtype == np.int64


def test_arrays_of_two_catalogues_are_refused() -> None:
    lists = np.array([[0, 1, 2, 3, 4]])
    with pytest.raises(ValueError, match="units of 11 articles, users of 12"):
        list_totals(lists, N_USERS, 16, UNITS[:-1], KS)
    with pytest.raises(ValueError, match="article 12 outside"):
        list_totals(lists + 8, N_USERS, 16, UNITS, KS)
    with pytest.raises(ValueError, match="16 and 17 train users"):
        add_list_totals(totals_of(lists), list_totals(lists, N_USERS, 17, UNITS, KS))
