"""The share of the catalogue that is recommended at all."""

import math

import numpy as np
import pytest

from cfdist.evaluation.metrics.coverage import coverage


@pytest.mark.parametrize(
    ("counts", "share"), [([0, 0], 0.0), ([0, 9, 0, 1], 0.5), ([1, 1, 1], 1.0), ([0, 0, 1], 1 / 3)]
)
def test_articles_count_once(counts: list[int], share: float) -> None:
    assert coverage(np.array(counts)) == share


def test_no_articles_no_share() -> None:
    assert math.isnan(coverage(np.empty(0, np.int64)))
