import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfdist.errors import DataError
from cfdist.evaluation.intervals import NORMAL_95, estimate, paired
from cfdist.runs.compare import compare_evaluations, compare_runs, find_run
from cfdist.runs.record import RunRecord
from cfdist.runs.study import told
from cfdist.runs.values import UserValues, write_arrays

A, B = "20260101T000000Z-aa", "20260102T000000Z-bb"
WINDOW = {
    "name": "choose 1", "role": "choose", "train_from": "2026-01-01", "train_until": "2026-02-01",
    "test_until": "2026-02-08", "n_train_rows": 50, "n_test_rows": 9,
}  # fmt: skip
REPORT = WINDOW | {"name": "report", "role": "report", "test_until": "2026-02-15"}


def document(values, metric="recall", windows=(WINDOW, REPORT), kind="rolling"):
    """What one evaluation says of candidates by name."""
    return {
        "metric": metric, "k": 10, "articles": "new",
        "split": {"kind": kind, "windows": list(windows)},
        "candidates": [
            {"name": name, "status": "ok", "metrics": {"new": {f"{metric}@10": told(estimate(v))}}}
            for name, v in values.items()
        ] + [{"name": "broken", "status": "failed"}],
    }  # fmt: skip


def user_values(values, users=None):
    n = len(next(iter(values.values())))
    hashes = np.arange(n, dtype=np.uint64) if users is None else users
    return UserValues(
        "new recall@10", {"choose 1": hashes}, {name: {"choose 1": v} for name, v in values.items()}
    )


def rows_of(found):
    return {row["name"]: row for row in found["candidates"]}


def drawn(seed, n=60):
    rng = np.random.default_rng(seed)
    easy = rng.random(n)
    one = np.where(rng.random(n) < 0.1, np.nan, easy)
    return {"popular": one}, {"popular": easy + rng.normal(0.05, 0.02, n), "latent": easy}


def test_the_same_users_are_paired():
    a, b = drawn(0)
    found = compare_evaluations(document(a), document(b), user_values(a), user_values(b))
    assert found["paired"]
    assert found["metric"] == "recall@10 on new articles"
    rows = rows_of(found)
    assert rows["popular"]["difference"] == pytest.approx(
        told(paired(b["popular"], a["popular"])), nan_ok=True
    )
    assert rows["latent"] == {
        "name": "latent", "a": None, "b": told(estimate(b["latent"])), "difference": None,
    }  # fmt: skip
    assert "broken" not in rows


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("no values", "B kept no values per user"),
        ("users", "judged other users"),
        ("fewer", "judged other users"),
        ("window", "held out other purchases"),
        ("rows", "held out other purchases"),
        ("kind", "held out other purchases"),
    ],
)
def test_otherwise_the_difference_is_unpaired_and_said_so(change, reason):
    a, b = drawn(1)
    values_a, values_b = user_values(a), user_values(b)
    documents = [document(a), document(b)]
    if change == "no values":
        values_b = None
    elif change == "users":
        values_b = user_values(b, np.arange(60, dtype=np.uint64)[::-1])
    elif change == "fewer":
        values_b = user_values({name: v[:50] for name, v in b.items()})
    elif change == "window":
        documents[1] = document(b, windows=(WINDOW | {"test_until": "2026-02-09"}, REPORT))
    elif change == "rows":
        documents[1] = document(b, windows=(WINDOW | {"n_train_rows": 51}, REPORT))
    else:
        documents[1] = document(b, kind="date")
    found = compare_evaluations(*documents, values_a, values_b)
    assert not found["paired"]
    assert reason in found["reason"]
    assert "unpaired" in found["reason"]
    difference = rows_of(found)["popular"]["difference"]
    one, other = estimate(a["popular"]), estimate(b["popular"])
    error = math.sqrt(one.standard_error**2 + other.standard_error**2)
    assert difference["mean"] == pytest.approx(other.mean - one.mean)
    assert difference["standard_error"] == pytest.approx(error)
    assert difference["high"] - difference["low"] == pytest.approx(2 * NORMAL_95 * error)


def test_windows_that_chose_nothing_do_not_count():
    a, b = drawn(2)
    later = REPORT | {"n_test_rows": 99}
    documents = document(a), document(b, windows=(WINDOW, later))
    assert compare_evaluations(*documents, user_values(a), user_values(b))["paired"]
    alone = [document(x, windows=[w | {"name": "choose 1"}], kind="date")
             for x, w in ((a, REPORT), (b, later))]  # fmt: skip
    assert not compare_evaluations(*alone, user_values(a), user_values(b))["paired"]


def test_other_metrics_say_nothing_together():
    a, b = drawn(3)
    found = compare_evaluations(document(a), document(b, metric="ndcg"), None, None)
    assert found["candidates"] == []
    assert "A was judged by recall@10" in found["reason"]
    assert "B by ndcg@10" in found["reason"]


@given(
    st.lists(
        st.tuples(*[st.floats(0, 1) | st.just(math.nan)] * 2), min_size=1, max_size=30
    )
)  # fmt: skip
def test_a_comparison_turned_round_has_the_other_sign(pairs):
    a, b = ({"popular": np.array(column)} for column in zip(*pairs, strict=True))
    documents, values = (document(a), document(b)), (user_values(a), user_values(b))
    for some in (values, (None, None)):
        there = rows_of(compare_evaluations(*documents, *some))["popular"]["difference"]
        back = rows_of(compare_evaluations(*documents[::-1], *some[::-1]))["popular"]["difference"]
        json.dumps(there, allow_nan=False)
        assert there["n_users"] == back["n_users"]
        assert there["standard_error"] == back["standard_error"]
        assert there["mean"] == (None if back["mean"] is None else -back["mean"])


def stored(runs, run, metrics, settings, seconds):
    record = RunRecord(run, "evaluate", "done", metrics=metrics, settings=settings)
    record.seconds, record.total_seconds = seconds, sum(seconds.values())
    record.write(runs)
    return record


def test_settings_that_differ_metrics_and_seconds(tmp_path):
    metrics = {
        "energy": 0.5,
        "n_users": 9,
        "residuals": [1],
        "candidates": {"popular": {"mean": 1}},
    }
    one = stored(
        tmp_path, A, metrics, {"factorize": {"n_components": 5, "seed": 0}}, {"index": 1.0}
    )
    two = stored(
        tmp_path, B, metrics | {"energy": 0.6}, {"factorize": {"n_components": 8, "seed": 0}},
        {"index": 2.0, "matrix": 3.0},
    )  # fmt: skip
    found = json.loads(json.dumps(compare_runs(tmp_path, one, two)))
    assert found["settings"] == [{"name": "factorize.n_components", "a": 5, "b": 8}]
    assert found["metrics"] == [
        {"name": "energy", "a": 0.5, "b": 0.6}, {"name": "n_users", "a": 9, "b": 9},
    ]  # fmt: skip
    assert found["seconds"] == [
        {"name": "index", "a": 1.0, "b": 2.0}, {"name": "matrix", "a": None, "b": 3.0},
        {"name": "total", "a": 1.0, "b": 5.0},
    ]  # fmt: skip
    assert found["evaluation"] is None
    assert (found["a"]["run"], found["b"]["run"]) == (A, B)


def test_evaluations_are_read_from_the_folders_of_the_runs(tmp_path):
    records, both = [], drawn(4)
    for run, values in zip((A, B), both, strict=True):
        records.append(stored(tmp_path, run, {}, {}, {}))
        (tmp_path / run / "evaluation.json").write_text(json.dumps(document(values)))
        arrays = {
            "metric": np.array("new recall@10"), "folds": np.array(["choose 1"]),
            "candidates": np.array(list(values)), "users_0": np.arange(60, dtype=np.uint64),
            "values_0": np.array(list(values.values())),
        }  # fmt: skip
        write_arrays(tmp_path / run / "values.npz", arrays)
    found = compare_runs(tmp_path, *records)["evaluation"]
    assert found["paired"]
    difference = paired(both[1]["popular"], both[0]["popular"])
    assert rows_of(found)["popular"]["difference"]["mean"] == pytest.approx(difference.mean)
    (tmp_path / B / "values.npz").write_bytes(b"broken")
    assert not compare_runs(tmp_path, *records)["evaluation"]["paired"]


def test_runs_by_place(tmp_path):
    with pytest.raises(DataError, match="no last run"):
        find_run(tmp_path, "last")
    for run in (A, B):
        stored(tmp_path, run, {}, {}, {})
    assert find_run(tmp_path, "last").run == B
    assert find_run(tmp_path, "previous").run == A
    assert find_run(tmp_path, "20260101").run == A
    with pytest.raises(DataError, match="no run 'never'"):
        find_run(tmp_path, "never")
