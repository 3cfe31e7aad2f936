"""Bits of surprise, weighted by how often an article is recommended."""

import math

import numpy as np
import pytest

from cfdist.evaluation.metrics.novelty import novelty, self_information


def test_self_information_by_hand() -> None:
    bits = self_information(np.array([16, 8, 1, 0]), n_train_users=16)
    assert bits.tolist() == [0.0, 1.0, 4.0, 4.0]
    assert not np.signbit(bits).any()


def test_every_entry_weighs_the_same() -> None:
    n_users = np.array([16, 8, 1])
    assert novelty(np.array([1, 2, 1]), n_users, 16) == pytest.approx((0 + 1 + 1 + 4) / 4)
    assert novelty(np.array([5, 0, 0]), n_users, 16) == 0.0


def test_nothing_recommended_is_not_novel() -> None:
    assert math.isnan(novelty(np.zeros(3, np.int64), np.array([1, 2, 3]), 4))


def test_no_train_users_give_no_warning() -> None:
    assert novelty(np.array([2, 1]), np.zeros(2, np.int64), 0) == 0.0
