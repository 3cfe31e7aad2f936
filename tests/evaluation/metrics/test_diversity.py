"""Distances within lists against all pairs one by one."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfdist.evaluation.metrics.diversity import intra_list_distance

# Two axes, the diagonal, the opposite of the first axis, and an article without direction.
UNITS = np.array([[1, 0], [0, 1], [0.5**0.5, 0.5**0.5], [-1, 0], [0, 0]], dtype=np.float32)


@pytest.mark.parametrize(
    ("ranked", "expected"),
    [
        ([0, 1, -1, -1], [1.0, 1.0]),
        ([0, 3, -1, -1], [2.0, 2.0]),
        ([0, -1, 2, -1], [np.nan, 1 - 0.5**0.5]),
        ([0, 1, 2, -1], [1.0, 1 - 2 * 0.5**0.5 / 3]),
        ([4, 0, 3, 1], [1.0, 1 + 1 / 6]),
        ([2, -1, -1, -1], [np.nan, np.nan]),
        ([-1, -1, -1, -1], [np.nan, np.nan]),
    ],
)
def test_distances_by_hand(ranked: list[int], expected: list[float]) -> None:
    distances = intra_list_distance(np.array([ranked]), UNITS, (2, 4))
    assert distances[0].tolist() == pytest.approx(expected, abs=1e-7, nan_ok=True)


@settings(deadline=None)
@given(
    lists=st.lists(st.permutations(range(-1, 8)), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
def test_distances_are_those_of_all_pairs(lists: list[list[int]], seed: int) -> None:
    units = np.random.default_rng(seed).standard_normal((8, 3)).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    ks = (1, 4, 9)
    found = intra_list_distance(np.array(lists), units, ks)
    for row, ranked in enumerate(lists):
        for column, k in enumerate(ks):
            pairs = list(combinations([a for a in ranked[:k] if a >= 0], 2))
            cosines = [np.dot(*units[list(pair)].astype(np.float64)) for pair in pairs]
            expected = 1 - np.mean(cosines) if pairs else np.nan
            assert found[row, column] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_lists_and_ranks_are_checked() -> None:
    with pytest.raises(ValueError, match="article 5 outside"):
        intra_list_distance(np.array([[0, 5]]), UNITS, (2,))
    with pytest.raises(ValueError, match="rank 3"):
        intra_list_distance(np.array([[0, 1]]), UNITS, (3,))
