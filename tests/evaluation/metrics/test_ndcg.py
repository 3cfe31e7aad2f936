"""Hits weigh 1, 0.63, 0.5 … by rank, over the best order there can be."""

import numpy as np
import pytest

from cfdist.evaluation.metrics.ndcg import ndcg

NOBODY = float("nan")
SECOND = 0.6309297535714575  # 1 / log2(3)


@pytest.mark.parametrize(
    ("hits", "n_truth", "expected"),
    [
        ([1, 1, 1], 3, [1, 1, 1]),
        ([1, 1, 1], 9, [1, 1, 1]),  # the ideal has no more ones than places
        ([1, 0, 0], 1, [1, 1, 1]),
        ([0, 0, 1], 1, [0, 0, 1 / 2]),  # 1 / log2(4)
        ([0, 1, 0], 1, [0, SECOND, SECOND]),
        ([0, 1, 1], 2, [0, SECOND / (1 + SECOND), (SECOND + 1 / 2) / (1 + SECOND)]),
        ([1, 0, 1], 3, [1, 1 / (1 + SECOND), 1.5 / (1.5 + SECOND)]),
        ([0, 0, 0], 3, [0, 0, 0]),
        ([0, 0, 0], 0, [NOBODY] * 3),
    ],
)
def test_ndcg_by_hand(hits: list[int], n_truth: int, expected: list[float]) -> None:
    values = ndcg(np.array([hits], dtype=bool), np.array([n_truth]), (1, 2, 3))
    assert values.dtype == np.float64
    assert values[0].tolist() == pytest.approx(expected, abs=1e-15, nan_ok=True)
