"""Means and intervals: by hand, against loops over users, and where there is nobody to judge."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfdist.evaluation.intervals import (
    Estimate,
    bootstrap_paired,
    estimate,
    estimate_clustered,
    paired,
    paired_clustered,
)

NAN = float("nan")

figure = st.floats(0, 1) | st.just(NAN)
windows = st.lists(st.tuples(figure, st.integers(0, 5)), min_size=1, max_size=20)


def alike(left: Estimate, right: Estimate) -> bool:
    return tuple(left) == pytest.approx(tuple(right), rel=1e-9, abs=1e-12, nan_ok=True)


def test_estimate_by_hand() -> None:
    """Variance of 0, 0, 1, 1 is 1 / 3, that of their mean 1 / 12."""
    found = estimate(np.array([0.0, NAN, 1.0, 1.0, NAN, 0.0]))
    error = math.sqrt(1 / 12)
    assert found.standard_error == pytest.approx(error)
    assert found.high - found.mean == pytest.approx(1.959964 * error, rel=1e-6)
    assert found.mean - found.low == pytest.approx(1.959964 * error, rel=1e-6)
    assert (found.mean, found.n_users) == (0.5, 4)


def test_one_user_says_nothing_about_the_others() -> None:
    assert estimate(np.array([NAN, 0.25])) == (0.25, -math.inf, math.inf, math.inf, 1)
    several = estimate_clustered(np.array([0.0, 1.0]), np.array([7, 7]))
    assert several == (0.5, -math.inf, math.inf, math.inf, 1)


@pytest.mark.parametrize("values", [[], [NAN, NAN]])
def test_nobody_has_no_mean(values: list[float]) -> None:
    found = estimate(np.array(values, dtype=np.float64))
    assert found.n_users == 0
    assert all(math.isnan(figure) for figure in found[:4])


def test_pairs_are_judged_in_both() -> None:
    a = np.array([0.5, NAN, 0.7, 0.1, 0.9])
    b = np.array([0.4, 0.3, NAN, 0.2, 0.6])
    assert alike(paired(a, b), estimate(np.array([0.1, -0.1, 0.3])))
    assert paired(a, b).n_users == 3


def test_a_constant_gain_is_certain() -> None:
    """However far apart the users are."""
    b = np.array([0.0, 0.25, 0.5, 0.75])
    found = paired(b + 0.125, b)
    assert found == (0.125, 0.125, 0.125, 0.0, 4)


@settings(deadline=None)
@given(values=st.lists(figure, max_size=20))
def test_one_value_per_user_is_the_plain_estimate(values: list[float]) -> None:
    given_values = np.array(values, dtype=np.float64)
    judged = given_values[~np.isnan(given_values)]
    found = estimate_clustered(given_values, np.arange(len(values))[::-1])
    assert alike(found, estimate(given_values))
    if len(judged) > 1:
        plain = judged.std(ddof=1) / math.sqrt(len(judged))
        assert found.standard_error == pytest.approx(plain, rel=1e-9, abs=1e-12)


@given(values=st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_judging_the_same_again_makes_nothing_more_certain(values: list[float]) -> None:
    twice, users = np.array(values * 2), np.tile(np.arange(len(values)), 2)
    assert alike(estimate_clustered(twice, users), estimate(np.array(values)))


def by_loops(rows: list[tuple[float, int]]) -> tuple[float, float, int]:
    """Mean, standard error and users, cluster by cluster."""
    judged = [(value, user) for value, user in rows if not math.isnan(value)]
    mean = math.fsum(value for value, _ in judged) / len(judged)
    deviation: dict[int, float] = defaultdict(float)
    for value, user in judged:
        deviation[user] += value - mean
    n = len(deviation)
    if n == 1:
        return mean, math.inf, 1
    spread = math.fsum(d * d for d in deviation.values())
    return mean, math.sqrt(n / (n - 1) * spread) / len(judged), n


@given(rows=windows.filter(lambda rows: not all(math.isnan(value) for value, _ in rows)))
def test_clusters_are_summed_before_they_are_squared(rows: list[tuple[float, int]]) -> None:
    values, users = map(np.array, zip(*rows, strict=True))
    found = estimate_clustered(values, users)
    mean, error, n_users = by_loops(rows)
    assert found.mean == pytest.approx(mean, abs=1e-12)
    assert found.standard_error == pytest.approx(error, abs=1e-9)
    assert found.n_users == n_users
    names = np.array([f"user {user}" for user in users])
    assert alike(estimate_clustered(values, names), found)


def test_clustered_pairs() -> None:
    a, b = np.array([0.5, 0.7, NAN, 0.4]), np.array([0.4, 0.5, 0.9, 0.4])
    users = np.array([1, 1, 2, 2])
    expected = estimate_clustered(np.array([0.1, 0.2, NAN, 0.0]), users)
    assert alike(paired_clustered(a, b, users), expected)
    assert expected.n_users == 2


def test_bootstrap_agrees_with_the_normal_interval() -> None:
    rng = np.random.default_rng(1)
    b = rng.random(400)
    a = b + rng.normal(0.02, 0.2, 400)
    a[::7] = NAN
    drawn, normal = bootstrap_paired(a, b, n=4000, seed=2), paired(a, b)
    assert drawn.n_users == normal.n_users
    assert drawn.low == pytest.approx(normal.low, abs=0.15 * normal.standard_error)
    assert drawn.high == pytest.approx(normal.high, abs=0.15 * normal.standard_error)
    below = 0.5 * math.erfc(normal.mean / normal.standard_error / math.sqrt(2))
    assert drawn.share_not_better == pytest.approx(below, abs=0.02)


def test_bootstrap_can_be_made_again() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.random(30), rng.random(30)
    assert bootstrap_paired(a, b, 200, seed=1) == bootstrap_paired(a, b, 200, seed=1)
    assert bootstrap_paired(a, b, 200, seed=1) != bootstrap_paired(a, b, 200, seed=2)


def test_bootstrap_of_certain_cases() -> None:
    b = np.array([0.0, 0.25, 0.5])
    assert bootstrap_paired(b + 0.5, b, 50, seed=0) == (0.0, 0.5, 0.5, 3)
    assert bootstrap_paired(b, b + 0.5, 50, seed=0) == (1.0, -0.5, -0.5, 3)
    assert bootstrap_paired(b, b, 50, seed=0) == (1.0, 0.0, 0.0, 3)  # equal is not better


@pytest.mark.parametrize("values", [[], [NAN], [NAN, 0.5]])
def test_bootstrap_needs_two_users(values: list[float]) -> None:
    given_values = np.array(values, dtype=np.float64)
    found = bootstrap_paired(given_values, given_values, 10, seed=0)
    assert all(math.isnan(figure) for figure in found[:3])
    assert found.n_users == np.count_nonzero(~np.isnan(given_values))


def test_values_that_do_not_belong_together_are_refused() -> None:
    three, two = np.zeros(3), np.zeros(2)
    with pytest.raises(ValueError, match=r"values of a \(3,\) do not pair with those of b \(2,\)"):
        paired(three, two)
    with pytest.raises(ValueError, match="do not pair"):
        bootstrap_paired(three, two, 10, seed=0)
    with pytest.raises(ValueError, match="do not pair"):
        paired(np.zeros((3, 2)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"values \(3,\) of users \(2,\)"):
        estimate_clustered(three, two)
    with pytest.raises(ValueError, match="of users"):
        estimate(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="0 resamples"):
        bootstrap_paired(three, three, 0, seed=0)
