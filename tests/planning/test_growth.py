"""How many distinct values all rows have, from three counts on some of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfdist.planning.growth import POINTS, grown


def counts_of(values: np.ndarray) -> list[int]:
    return [len(np.unique(values[: int(len(values) * share)])) for share in POINTS]


def test_a_table_sorted_by_user_grows_with_its_rows():
    assert grown(counts_of(np.repeat(np.arange(1000), 4)), 25) == pytest.approx(25_000, rel=0.01)


def test_a_known_catalogue_does_not_grow():
    drawn = np.random.default_rng(0).integers(0, 50, 10_000)
    assert grown(counts_of(drawn), 100) == 50


def test_random_users_grow_ever_slower():
    """100,000 users with ten rows each: a tenth of the rows has 63 % of them."""
    rows = np.random.default_rng(0).integers(0, 100_000, 1_000_000)
    assert grown(counts_of(rows[:100_000]), 10) == pytest.approx(100_000, rel=0.35)
    assert grown(counts_of(rows[:500_000]), 2) == pytest.approx(100_000, rel=0.05)


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.floats(1, 1000))
def test_never_fewer_than_were_seen_and_never_more_than_the_rows_allow(
    first, second, third, factor
):
    counts = [first, first + second, first + second + third]
    found = grown(counts, factor)
    assert counts[-1] <= found <= round(counts[-1] * factor) + 1


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.floats(1, 100), st.floats(1, 2))
def test_more_rows_have_no_fewer(first, more, factor, times):
    counts = [first, first + more, first + 2 * more]
    assert grown(counts, factor * times) >= grown(counts, factor) - 1
