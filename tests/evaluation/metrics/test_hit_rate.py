"""Whether any of the first k places hits."""

import numpy as np
import pytest

from cfdist.evaluation.metrics.hit_rate import hit_rate

NOBODY = float("nan")


@pytest.mark.parametrize(
    ("hits", "n_truth", "expected"),
    [
        ([1, 0, 1, 0], 2, [1, 1, 1]),
        ([0, 1, 1, 0], 2, [0, 1, 1]),
        ([0, 0, 0, 1], 9, [0, 0, 1]),
        ([0, 0, 0, 0], 3, [0, 0, 0]),
        ([0, 0, 0, 0], 0, [NOBODY] * 3),
    ],
)
def test_hit_rate_by_hand(hits: list[int], n_truth: int, expected: list[float]) -> None:
    values = hit_rate(np.array([hits], dtype=bool), np.array([n_truth]), (1, 2, 4))
    assert values.dtype == np.float64
    assert values[0].tolist() == pytest.approx(expected, abs=1e-15, nan_ok=True)
