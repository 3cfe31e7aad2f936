from types import SimpleNamespace

import numpy as np
import pytest

from cfdist.evaluation.groups import by_category, by_history
from cfdist.evaluation.target import Target

TARGET = Target("new", "recall", 5, 0)


def measured(values=(), categories=()) -> SimpleNamespace:
    column = np.array(values, dtype=float)[:, None]
    return SimpleNamespace(values={"new": {"recall": column}}, categories=np.array(categories))


def groups(n_owned, values):
    fold = SimpleNamespace(n_owned=np.array(n_owned))
    return by_history(fold, measured(values), TARGET)


def test_thirds_of_the_judged_users_by_hand():
    nan = np.nan
    rows = groups([1, 2, 3, 4, 5, 6, 100, 200], [0.0, 1.0, 0.5, 0.5, 1.0, 0.0, nan, nan])
    assert [row["group"] for row in rows] == [
        "light (1-2 articles)", "medium (3-4 articles)", "heavy (5-6 articles)",
    ]  # fmt: skip
    assert [row["mean"] for row in rows] == [0.5, 0.5, 0.5]
    assert [row["n_users"] for row in rows] == [2, 2, 2]


def test_equal_histories_are_never_torn_apart():
    rows = groups([1, 1, 1, 1, 1, 9], [1.0, 0.0, 1.0, 0.0, 1.0, 0.0])
    assert [(row["group"], row["n_users"]) for row in rows] == [
        ("light (1 article)", 5), ("heavy (9 articles)", 1),
    ]  # fmt: skip
    assert rows[0]["mean"] == pytest.approx(0.6)


def test_nobody_judged_has_no_groups():
    assert groups([1, 2], [np.nan, np.nan]) == []


def test_groups_add_up_to_all(found, outcomes):
    rows = by_history(found.reporting, outcomes["latent"].measured["report"], found.target)
    values = found.target.of(outcomes["latent"].measured["report"])
    judged = values[~np.isnan(values)]
    assert sum(row["n_users"] for row in rows) == len(judged)
    total = sum(row["n_users"] * row["mean"] for row in rows)
    assert total == pytest.approx(judged.sum())


def test_categories_by_held_out_articles():
    names = [f"c{i}" for i in range(14)]
    held = [1, 30, 0, *range(2, 13)]
    hits = [1, 3, 0, *[1] * 11]
    fold = SimpleNamespace(categories=SimpleNamespace(names=names))
    table = np.stack([hits, held], axis=1)
    rows = by_category(fold, measured([0.0], table))
    assert len(rows) == 12
    assert rows[0] == {"category": "c1", "n": 30, "hit_rate": 0.1}
    assert [row["n"] for row in rows] == sorted(held, reverse=True)[:12]
    assert "c2" not in [row["category"] for row in rows]
