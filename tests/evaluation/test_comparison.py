"""Several folds: one cluster per user, whatever folds that user is judged in."""

from types import SimpleNamespace

import numpy as np
import pytest

from cfdist.evaluation.comparison import Outcome, difference, mean_of
from cfdist.evaluation.intervals import NORMAL_95
from cfdist.evaluation.target import Target

TARGET = Target("new", "recall", 5, 1)


def outcome(**folds) -> Outcome:
    measured = {
        name: SimpleNamespace(values={"new": {"recall": np.array([[-9.0, v] for v in values])}})
        for name, values in folds.items()
    }
    return Outcome(None, measured)


FOLDS = [
    SimpleNamespace(name="first", users=np.array([7, 8, 9], np.uint64)),
    SimpleNamespace(name="second", users=np.array([9, 7], np.uint64)),
]
A = outcome(first=[1.0, 0.0, np.nan], second=[0.5, 1.0])
B = outcome(first=[0.5, 0.5, np.nan], second=[0.0, 1.0])


def by_hand(values: list[float], users: list[int]) -> tuple[float, float]:
    mean = np.mean(values)
    sums = [sum(v - mean for v, u in zip(values, users, strict=True) if u == user)
            for user in set(users)]  # fmt: skip
    g = len(sums)
    return mean, np.sqrt(g / (g - 1) * np.square(sums).sum()) / len(values)


def test_means_and_differences_over_folds_by_hand():
    users = [7, 8, 9, 7]
    for found, values in (
        (mean_of(FOLDS, A, TARGET), [1.0, 0.0, 0.5, 1.0]),
        (difference(FOLDS, A, B, TARGET), [0.5, -0.5, 0.5, 0.0]),
    ):
        mean, error = by_hand(values, users)
        assert found.mean == pytest.approx(mean)
        assert found.standard_error == pytest.approx(error)
        assert found.high == pytest.approx(mean + NORMAL_95 * error)
        assert found.n_users == 3


def test_one_fold_alone():
    found = mean_of(FOLDS[:1], A, TARGET)
    assert (found.mean, found.n_users) == (0.5, 2)
    assert difference(FOLDS, A, A, TARGET).mean == 0
