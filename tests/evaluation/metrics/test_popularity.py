"""Gini against mean differences of all pairs, and the tenth that is the head."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfdist.evaluation.metrics.popularity import gini, head_articles, head_share


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([5, 5, 5, 5], 0.0),
        ([0, 0, 9, 0], 1.0),
        ([1, 3], 0.5),
        ([0, 1, 2], 2 / 3),
        ([7], 0.0),
    ],
)
def test_gini_by_hand(counts: list[int], expected: float) -> None:
    assert gini(np.array(counts)) == pytest.approx(expected)


@settings(deadline=None)
@given(counts=st.lists(st.integers(0, 50), min_size=2, max_size=20).filter(any))
def test_gini_is_half_the_relative_mean_difference(counts: list[int]) -> None:
    """Of two different articles: Σ|c_i − c_j| / (n (n − 1)) over twice the mean."""
    n = len(counts)
    difference = sum(abs(a - b) for a in counts for b in counts) / (n * (n - 1))
    assert gini(np.array(counts)) == pytest.approx(difference / (2 * sum(counts) / n))
    assert 0 <= gini(np.array(counts)) <= 1


@pytest.mark.parametrize("counts", [[0, 0, 0], []])
def test_nothing_recommended_has_no_figure(counts: list[int]) -> None:
    nothing = np.array(counts, dtype=np.int64)
    assert math.isnan(gini(nothing))
    assert math.isnan(head_share(nothing, nothing))


@pytest.mark.parametrize(("n_articles", "size"), [(1, 1), (10, 1), (11, 2), (70, 7), (71, 8)])
def test_the_head_is_a_tenth_rounded_up(n_articles: int, size: int) -> None:
    assert np.flatnonzero(head_articles(np.arange(n_articles))).tolist() == list(
        range(n_articles - size, n_articles)
    )


def test_equal_articles_enter_the_head_by_index() -> None:
    n_users = np.array([3, 8, 8, *[0] * 12, 8])
    assert np.flatnonzero(head_articles(n_users)).tolist() == [1, 2]
    many = np.random.default_rng(0).integers(0, 3, 200)  # small arrays are sorted stably anyway
    assert np.flatnonzero(head_articles(many)).tolist() == np.flatnonzero(many == 2)[:20].tolist()


def test_head_share_by_hand() -> None:
    n_users = np.array([1, 9, *[2] * 8])
    assert head_share(np.array([1, 3, 0, 2, 0, 0, 0, 0, 0, 0]), n_users) == 0.5
    assert head_share(np.array([1, 0, 0, 2, 0, 0, 0, 0, 0, 0]), n_users) == 0.0
