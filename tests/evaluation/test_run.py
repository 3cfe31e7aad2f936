"""Deciding: what is stored, what for, and when nothing is."""

import json

import pytest
from held_out_shop import candidate, given, shop_rows, with_evaluation
from running import open_context

from cfdist.config import merge
from cfdist.evaluation import run
from cfdist.evaluation.decision import decision_path, read_decision
from cfdist.evaluation.run import evaluate, measure_experiment, sampled, with_baseline
from cfdist.input.check import NOT_SAMPLED
from cfdist.stages.ingest import ingest

BOTH = [candidate("popular"), candidate("latent"), candidate("user_neighbors")]


@pytest.fixture(scope="module")
def rolling(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rolling")
    settings = given(split="rolling", date=None, n_windows=2, holdout_days=10)
    with open_context(folder, shop_rows(), settings) as context:
        context.memory = {}
        yield context


@pytest.fixture(scope="module")
def decided(rolling):
    return evaluate(rolling, BOTH, decide=True)


def test_the_decision_is_stored_and_told(rolling, decided):
    kept = read_decision(rolling.config)
    told = decided["decision"]
    assert kept.name == told["name"] in {"latent", "user_neighbors"}
    assert told["method"] == kept.method
    assert told["expires_at"] == kept.expires_at > kept.decided_at
    assert (kept.metric, kept.run, kept.challenger) == ("recall@10", "20260101T000000Z-test", None)
    assert [row["name"] for row in kept.table] == ["popular", "latent", "user_neighbors"]
    assert kept.name in told["reason"]
    json.dumps(decided, allow_nan=False)


def test_windows_before_the_last_decide_and_the_last_reports(decided):
    windows = decided["split"]["windows"]
    assert [window["role"] for window in windows] == ["choose", "choose", "report"]
    rows = {row["name"]: row for row in decided["candidates"]}
    for row in decided["decision"]["table"]:
        figures = rows[row["name"]]["metrics"]["new"]["recall@10"]
        assert row["mean"] == figures["mean"]
        assert figures != rows[row["name"]]["report_metrics"]["new"]["recall@10"]
        assert row["against_popular"] == rows[row["name"]]["against_popular"]["mean"]
    assert decided["population"]["window"] == "choose 2"


def test_the_reason_is_the_rule(decided):
    table = {row["name"]: row for row in decided["decision"]["table"]}
    chosen = table[decided["decision"]["name"]]
    assert chosen["behind"] <= chosen["standard_error"]
    for row in table.values():
        if row["simplicity"] < chosen["simplicity"]:
            assert row["behind"] > row["standard_error"]


def test_another_leader_waits_for_a_second_win(rolling, decided, monkeypatch):
    """The comparison is the same; who wins it is given."""
    before = read_decision(rolling.config)
    other = next(c.name for c in BOTH[1:] if c.name != before.name)

    def win(found):
        return next(o for o in found.able if o.candidate.name == other)

    monkeypatch.setattr(run, "winner", win)
    first = evaluate(rolling, BOTH, decide=True)["decision"]
    assert (first["name"], first["challenger"]) == (before.name, other)
    assert f"{other} leads for the first time; {before.name} stays" in first["reason"]
    second = evaluate(rolling, BOTH, decide=True)["decision"]
    assert (second["name"], second["challenger"]) == (other, None)
    assert second["changed_from"] == before.name
    assert read_decision(rolling.config).name == other


def test_too_few_users_decide_nothing(rolling, decided, monkeypatch):
    stored = decision_path(rolling.config).read_bytes()
    few = rolling.with_config(with_evaluation(rolling.config, min_users=10_000))
    found = evaluate(few, BOTH, decide=True)
    assert found["decision"]["name"] == "user_neighbors"
    n = found["population"]["n_judged"]
    assert (
        f"{n:,} users can be judged, and evaluation.min_users = 10,000"
        in (found["decision"]["reason"])
    )
    assert found["decision"]["reason"] in found["notes"]
    assert decision_path(rolling.config).read_bytes() == stored


def test_without_deciding_nothing_is_stored(context):
    found = evaluate(context)
    assert "decision" not in found
    assert read_decision(context.config) is None
    assert [row["name"] for row in found["candidates"]] == ["popular", "user_neighbors"]
    assert found["components"]
    assert found["pairs"]


def test_a_single_judged_user_gives_no_infinite_figure(tmp_path):
    """His standard error is infinite; JSON has no such number."""
    rows = {
        "user_id": [1, 1, 2, 2, 3, 3, 3, 1],
        "article_id": [1, 2, 2, 3, 1, 3, 4, 3],
        "timestamp": [0, 86400, 0, 0, 0, 0, 0, 90 * 86400],
    }
    settings = merge(
        given(date="1980-01-20", ks=(2,), metric="recall@2", min_users=1),
        {"ingest": {"timestamp_unit": "s"}},
    )
    rows["timestamp"] = [t + 315_619_200 + 86400 for t in rows["timestamp"]]
    with open_context(tmp_path, rows, settings) as context:
        found = evaluate(context, [candidate("popular"), candidate("latent")], decide=True)
        assert found["population"]["n_judged"] == 1
        assert found["decision"]["name"] == "popular"
        json.dumps(found, allow_nan=False)
        stored = decision_path(context.config).read_text()
    assert "Infinity" not in stored
    assert "NaN" not in stored


def test_the_decision_keeps_no_password(rolling, decided, monkeypatch):
    secret = "s3://me:pa55word@host/rows.parquet"
    ingested = ingest(rolling)
    monkeypatch.setattr(run, "ingest", lambda _: ingested)
    chosen = rolling.config.ingest.model_copy(update={"input": secret})
    own = rolling.with_config(rolling.config.model_copy(update={"ingest": chosen}))
    from cfdist.evaluation import examples, folds

    for module in (examples, folds):
        original = module.describe_articles
        monkeypatch.setattr(
            module, "describe_articles",
            lambda _, ids, original=original: original(rolling.config.ingest, ids),
        )  # fmt: skip
    found = evaluate(own, BOTH[:2], decide=True)
    assert "pa55word" not in json.dumps(found)
    assert "pa55word" not in decision_path(own.config).read_text()


def test_the_baseline_is_first_unless_it_is_there():
    assert [c.name for c in with_baseline(BOTH[1:])] == ["popular", "latent", "user_neighbors"]
    assert with_baseline(BOTH) == BOTH
    own = candidate("simple", "popular")
    assert with_baseline([BOTH[1], own]) == [BOTH[1], own]


def test_no_more_than_max_users_are_read(tmp_path):
    with open_context(tmp_path, shop_rows(), given(max_users=30)) as context:
        context.config = sampled(context.config)
        found = evaluate(context)
        n_test = found["population"]["n_users_in_test"]
        n = ingest(context).meta
    assert 15 <= n_test <= 31
    assert n["dropped"][NOT_SAMPLED] > 0


# experiments


def test_an_experiment_is_measured_against_popular(context, interactions):
    found = measure_experiment(context, interactions)
    assert [row["name"] for row in found["candidates"]] == ["popular", "user_neighbors"]
    assert found["components"]


def test_an_experiment_without_dates_or_by_wish_is_not_measured(tmp_path):
    rows = {key: values for key, values in shop_rows().items() if key != "timestamp"}
    with open_context(tmp_path, rows, given()) as context:
        assert measure_experiment(context, ingest(context)) is None
        assert context.notes == []


def test_an_experiment_that_cannot_be_held_out_goes_on(context, interactions):
    config = with_evaluation(context.config, date="2031-01-01")
    own = context.with_config(config)
    assert measure_experiment(own, interactions) is None
    assert any("nothing could be held out" in note for note in own.notes)
