import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfdist.evaluation.agreement import agreement

SCORES = np.array([[0.9, 0.6, 0.59995, 0.3]])
REFERENCE = np.array([[4, 8, 2, 6]])


def share(*entries: int, **options: object) -> float:
    return agreement(np.array([entries]), REFERENCE, SCORES, **options).share


def test_the_same_list_in_another_order_agrees():
    assert share(8, 4) == 1


def test_an_entry_that_just_missed_the_list_agrees():
    assert share(4, 2) == 1


def test_an_entry_that_is_worse_by_more_than_the_tolerance_does_not():
    assert share(4, 6) == 0.5
    assert share(4, 2, tolerance=1e-5) == 0.5


def test_an_entry_that_the_reference_never_ranked_does_not():
    assert share(4, 77) == 0.5


def test_a_place_that_only_one_of_them_fills_does_not():
    assert share(4, -1) == 0.5
    found, reference = np.array([[4, 8]]), np.array([[4, -1]])
    assert agreement(found, reference, np.array([[0.5, 0.0]])).share == 0.5


def test_an_entry_that_stands_twice_agrees_once():
    assert share(4, 4) == 0.5


def test_scores_of_another_source_are_not_compared():
    assert share(4, 2, sources=np.array([[0, 0, 1, 1]])) == 0.5
    assert share(4, 2, sources=np.array([[0, 0, 0, 1]])) == 1


def test_rows_are_apart_and_the_worst_is_named():
    found = np.array([[1, 2], [3, 4], [1, 2]])
    reference = np.array([[1, 2], [1, 2], [1, 3]])
    scores = np.tile([0.5, 0.4], (3, 1))
    result = agreement(found, reference, scores)
    assert (result.entries, result.agreeing, result.worst_row) == (6, 3, 1)


def test_empty_lists_agree():
    nothing = np.full((2, 3), -1)
    result = agreement(nothing, nothing, np.zeros((2, 3)))
    assert (result.share, result.worst_row) == (1, -1)


@pytest.mark.parametrize("k", [1, 3])
@given(seed=st.integers(0, 2**31))
def test_against_a_loop(k: int, seed: int):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 6)), int(rng.integers(k, 8))
    reference = np.array([rng.permutation(9)[:m] for _ in range(n)])
    scores = -np.sort(-rng.integers(0, 4, (n, m)) / 1e4, axis=1)
    found = np.array([rng.permutation(9)[:k] for _ in range(n)])
    expected = 0
    for row in range(n):
        known = dict(zip(reference[row].tolist(), scores[row].tolist(), strict=True))
        for article in found[row].tolist():
            is_good = known.get(article, -1.0) >= scores[row, k - 1] - 1e-4
            expected += is_good or article in reference[row, :k]
    result = agreement(found, reference, scores)
    assert (result.entries, result.agreeing) == (n * k, expected)
