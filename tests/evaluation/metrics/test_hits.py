"""Hits are the places whose article was held out, and nothing else."""

import numpy as np
import pytest

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted
from cfdist.evaluation.metrics.hits import at_ranks, hit_matrix, hits_at, most_hits, of_judged

# Users × articles: user 0 took 1 and 3 later, user 1 nothing, user 2 everything, user 3 only 0.
HELD_OUT = np.array([[0, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]])


def block_of(dense: np.ndarray) -> CsrBlock:
    rows, columns = np.nonzero(dense)
    return csr_from_sorted(rows, columns, np.ones(len(rows)), dense.shape)


def test_hits_by_hand() -> None:
    lists = np.array([[3, 0, 1], [0, 1, 2], [4, -1, -1], [-1, 0, 4]])
    assert hit_matrix(lists, block_of(HELD_OUT)).tolist() == [
        [True, False, True],
        [False, False, False],
        [True, False, False],
        [False, True, False],
    ]


def test_weights_are_ignored_zero_too() -> None:
    truth = block_of(HELD_OUT)
    weightless = truth._replace(data=np.zeros_like(truth.data))
    lists = np.array([[3, 0], [0, 1], [2, 1], [1, 0]])
    assert np.array_equal(hit_matrix(lists, weightless), hit_matrix(lists, truth))
    assert hit_matrix(lists, truth).sum() == 4


@pytest.mark.parametrize("shape", [(0, 3), (4, 0)])
def test_nothing_listed_nothing_hit(shape: tuple[int, int]) -> None:
    truth = block_of(HELD_OUT[: shape[0]])
    assert hit_matrix(np.empty(shape, np.int64), truth).shape == shape


def test_lists_of_other_users_are_refused() -> None:
    with pytest.raises(ValueError, match="3 lists for the held-out articles of 4 users"):
        hit_matrix(np.zeros((3, 1), np.int64), block_of(HELD_OUT))


@pytest.mark.parametrize("row", [[1, 1], [5, 0], [-2, 0]])
def test_lists_are_checked(row: list[int]) -> None:
    with pytest.raises(ValueError, match="article"):
        hit_matrix(np.array([row]), block_of(HELD_OUT[:1]))


def test_hits_up_to_a_rank() -> None:
    hits = np.array([[True, False, True], [False, False, False]])
    assert hits_at(hits, (1, 3)).tolist() == [[1, 2], [0, 0]]
    assert hits_at(hits, (2,)).tolist() == [[1], [0]]
    with pytest.raises(ValueError, match="rank 4"):
        at_ranks(hits, (4,))


def test_most_hits_are_bounded_by_both() -> None:
    assert most_hits(np.array([0, 1, 2, 9]), (1, 3)).tolist() == [[1, 1], [1, 1], [1, 2], [1, 3]]


def test_users_without_truth_are_not_judged() -> None:
    values = of_judged(np.array([[1, 2], [3, 4]]), np.array([0, 1]))
    assert values.dtype == np.float64
    assert np.isnan(values[0]).all()
    assert values[1].tolist() == [3.0, 4.0]
