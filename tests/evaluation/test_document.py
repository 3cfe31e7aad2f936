import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from cfdist.evaluation.document import document, headline, plain
from cfdist.evaluation.evaluate import standings, winner


def strict(text: str):
    """JSON as the standard has it: without NaN and Infinity."""

    def refuse(token: str):
        raise ValueError(token)

    return json.loads(text, parse_constant=refuse)


def test_it_is_json_and_the_same_when_read_back(told):
    assert strict(json.dumps(told, allow_nan=False)) == told


def test_what_is_no_number_is_none():
    value = {"a": [math.nan, (math.inf, 1.5)], 3: np.float32(-math.inf), "n": np.int64(4)}
    assert plain(value) == {"a": [None, [None, 1.5]], "3": None, "n": 4}
    assert type(plain(value)["n"]) is int


def test_who_is_behind_whom(told, found):
    rows = {row["name"]: row for row in told["candidates"] if row["status"] == "ok"}
    places = {row.name: row for row in standings(found)}
    for name, row in rows.items():
        assert row["against_best"]["mean"] == pytest.approx(-places[name].behind)
        assert row["against_best"]["standard_error"] == pytest.approx(places[name].standard_error)
        expected = row["metrics"]["new"]["recall@10"]["mean"]
        base = rows["popular"]["metrics"]["new"]["recall@10"]["mean"]
        assert row["against_popular"]["mean"] == pytest.approx(expected - base)
    assert rows["popular"]["against_popular"]["mean"] == 0


def test_one_window_reports_on_itself(told):
    assert all("report_metrics" not in row for row in told["candidates"])
    (window,) = told["split"]["windows"]
    assert window["train_from"].startswith("2026-01-01")
    assert window["train_until"] == "2026-03-22"
    assert told["split"]["warning"] is None


def test_the_headline_is_the_metric_of_all_that_have_one(told):
    found = headline(told)
    assert found["metric"] == "recall@10"
    rows = {row["name"]: row for row in told["candidates"]}
    assert set(found["candidates"]) == {n for n, row in rows.items() if row["status"] == "ok"}
    for name, figure in found["candidates"].items():
        assert figure == rows[name]["metrics"]["new"]["recall@10"]


def test_passwords_of_an_input_are_in_no_place(context, found):
    config = context.config
    secret = "s3://me:pa55word@host/rows.parquet?token=t0ken"
    ingest = config.ingest.model_copy(
        update={"input": secret, "storage_options": {"key": "k3y"}, "articles": None}
    )
    own = context.with_config(config.model_copy(update={"ingest": ingest}))
    text = json.dumps(document(own, found, None))
    for word in ("pa55word", "t0ken", "k3y"):
        assert word not in text
    assert document(own, found, None)["title"].startswith("recall@10 on s3://me:***@host/")


def test_nobody_shown_has_no_examples(context, found, told):
    assert document(context, found, None)["examples"] == []
    assert len(told["examples"]) == 10
    chosen = asdict(winner(found).candidate)["name"]
    sources = {entry["source"] for example in told["examples"] for entry in example["entries"]}
    assert {chosen.split()[0]} & sources
