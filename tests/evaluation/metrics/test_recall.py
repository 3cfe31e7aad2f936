"""The share of the held-out articles, over all of them and over those that fit."""

import numpy as np
import pytest

from cfdist.evaluation.metrics.recall import bounded_recall, recall

NOBODY = float("nan")


@pytest.mark.parametrize(
    ("hits", "n_truth", "expected", "bounded"),
    [
        ([1, 0, 1, 0], 2, [1 / 2, 1 / 2, 1], [1, 1 / 2, 1]),
        ([1, 1, 1, 1], 8, [1 / 8, 2 / 8, 4 / 8], [1, 1, 1]),
        ([0, 1, 0, 1], 3, [0, 1 / 3, 2 / 3], [0, 1 / 2, 2 / 3]),
        ([0, 0, 0, 0], 3, [0, 0, 0], [0, 0, 0]),
        ([0, 0, 0, 0], 0, [NOBODY] * 3, [NOBODY] * 3),
    ],
)
def test_recall_by_hand(
    hits: list[int], n_truth: int, expected: list[float], bounded: list[float]
) -> None:
    given = np.array([hits], dtype=bool), np.array([n_truth]), (1, 2, 4)
    assert recall(*given)[0].tolist() == pytest.approx(expected, nan_ok=True)
    assert bounded_recall(*given)[0].tolist() == pytest.approx(bounded, nan_ok=True)
