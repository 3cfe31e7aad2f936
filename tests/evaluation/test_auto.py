from dataclasses import replace

import pytest
from conftest import quick_config

from cfdist import pipeline
from cfdist.evaluation import evaluate, run, sibling
from cfdist.evaluation.auto import resolve_method
from cfdist.evaluation.decision import Decision, expiry, store_decision
from cfdist.pipeline import train
from cfdist.stages.context import Context


def context_of(config) -> Context:
    """A context whose cluster nobody asks."""
    return Context(None, config, "run")


def decide(config, settings=None, days: float = 7) -> Decision:
    start, until = expiry(days)
    chosen = settings or {"recommend.method": "popular"}
    decision = Decision("the best", chosen, config.ingest.input, "recall@10", start, until, run="r")
    store_decision(config, decision)
    return decision


def test_without_a_decision_user_neighbors_are_taken_and_it_is_said(tmp_path):
    context = resolve_method(context_of(quick_config(tmp_path)))
    assert context.config.recommend.method == "user_neighbors"
    (note,) = context.notes
    assert "nothing was decided" in note
    assert "cfdist evaluate --decide" in note


def test_a_decision_brings_its_settings(tmp_path):
    config = quick_config(tmp_path)
    settings = {
        "recommend.method": "latent", "recommend.latent.ease_lambda": 4.0,
        "factorize.n_components": 5,
    }  # fmt: skip
    made = decide(config, settings)
    context = resolve_method(context_of(config))
    assert context.config.recommend.method == "latent"
    assert context.config.recommend.latent.ease_lambda == 4.0
    assert context.config.factorize.n_components == 5
    assert context.config.neighbors == config.neighbors
    assert context.config.publish == config.publish
    (note,) = context.notes
    assert f"the best, decided on {made.decided_at} by recall@10, until {made.expires_at}" in note


def test_an_expired_decision_is_not_taken_and_it_is_said(tmp_path):
    config = quick_config(tmp_path)
    made = decide(config, days=-0.001)
    context = resolve_method(context_of(config))
    assert context.config.recommend.method == "user_neighbors"
    (note,) = context.notes
    assert f"the decision for the best expired on {made.expires_at}" in note
    assert "cfdist evaluate --decide" in note


def test_a_named_method_asks_nobody(tmp_path):
    config = quick_config(tmp_path, {"recommend": {"method": "latent"}})
    decide(config)
    context = context_of(config)
    assert resolve_method(context) is context
    assert context.notes == []


def test_a_decision_for_another_input_is_not_taken(tmp_path):
    config = quick_config(tmp_path)
    decide(quick_config(tmp_path, {"ingest": {"input": "elsewhere.parquet"}}))
    assert resolve_method(context_of(config)).config.recommend.method == "user_neighbors"


@pytest.mark.parametrize(("days", "method"), [(7, "popular"), (-1, "user_neighbors")])
def test_train_takes_the_decision_and_spends_no_time_on_deciding(
    tmp_path, monkeypatch, days, method
):
    def forbidden(*_, **__):
        raise AssertionError("train compares nothing to decide")

    for module in (run, evaluate):
        monkeypatch.setattr(module, "compare", forbidden)
    monkeypatch.setattr(pipeline, "measure_candidates", forbidden)
    monkeypatch.setattr(sibling, "compare", forbidden)
    config = quick_config(tmp_path, {"gate": {"hold_out": False}})
    made = decide(config, days=days)
    build = train(config)
    assert build.manifest.settings["recommend"]["method"] == method
    assert any("recommend.method = auto" in note for note in build.manifest.notes)
    from cfdist.evaluation.decision import read_decision

    assert read_decision(config) == replace(made), "and leaves it as it was"
