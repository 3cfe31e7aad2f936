"""The measurement behind the gate, and that the gate heeds it."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import quick_config
from held_out_shop import given, shop_rows, with_evaluation
from running import open_context

from cfdist.builds.build import load_build
from cfdist.config import merge
from cfdist.errors import BuildError, ClusterError, GateError
from cfdist.evaluation import sibling
from cfdist.evaluation.evaluate import compare
from cfdist.evaluation.run import with_baseline
from cfdist.evaluation.sibling import measure_sibling
from cfdist.pipeline import train


def losing_rows() -> dict:
    """Whoever lacks one of five best sellers buys it last; before that users follow their taste.

    Neighbours tell of the taste, `popular` of the best sellers.
    """
    rng = np.random.default_rng(0)
    rows = []
    for user in range(120):
        own = 100 + 25 * (user % 4) + np.arange(25)
        best = set(rng.choice(5, 3, replace=False).tolist())
        rows += [(user, int(a), int(rng.integers(0, 79))) for a in rng.choice(own, 12, False)]
        rows += [(user, a, int(rng.integers(0, 79))) for a in best]
        rows += [(user, a, int(rng.integers(80, 100))) for a in set(range(5)) - best]
    users, articles, days = zip(*rows, strict=True)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = pa.array([start + timedelta(days=d) for d in days], pa.timestamp("us", "UTC"))
    return {"user_id": list(users), "article_id": list(articles), "timestamp": times}


def numbers(value):
    """All floats in a dict of dicts."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    return [value] if isinstance(value, float) else []


def test_the_figures_are_those_of_a_comparison_and_finite(context, interactions):
    found = measure_sibling(context, interactions)
    assert all(map(math.isfinite, numbers(found)))
    assert len(numbers(found)) == 6
    own = context.with_config(with_evaluation(context.config, date=None))
    compared = compare(own, interactions, with_baseline([sibling.own_candidate(context.config)]))
    column = {o.candidate.name: compared.target.of(o.measured["report"]) for o in compared.able}
    assert found["mean"] == pytest.approx(np.nanmean(column["user_neighbors"]))
    assert found["popular"] == pytest.approx(np.nanmean(column["popular"]))
    assert found["difference"]["mean"] == pytest.approx(found["mean"] - found["popular"])
    assert found["n_users"] == np.count_nonzero(~np.isnan(column["user_neighbors"]))
    assert (found["metric"], found["articles"]) == ("recall@10", "new")
    assert found["window"].startswith("2026-03-23")


def test_it_is_by_date_whatever_evaluations_use(context, interactions):
    config = with_evaluation(context.config, split="random", date=None)
    found = measure_sibling(context.with_config(config), interactions)
    assert found == measure_sibling(context, interactions)


def test_no_timestamps(context, interactions):
    bare = replace(interactions, meta={**interactions.meta, "has_timestamps": False})
    assert measure_sibling(context, bare) is None
    assert any("the input has no timestamps" in note for note in context.notes)


@pytest.mark.parametrize("gate", [{"enabled": False}, {"hold_out": False}])
def test_a_gate_that_does_not_ask_costs_nothing(context, interactions, monkeypatch, gate):
    monkeypatch.setattr(sibling, "compare", None)
    chosen = context.config.gate.model_copy(update=gate)
    own = context.with_config(context.config.model_copy(update={"gate": chosen}))
    assert measure_sibling(own, interactions) is None


def test_popular_is_not_held_against_itself(context, interactions, monkeypatch):
    monkeypatch.setattr(sibling, "compare", None)
    chosen = context.config.recommend.model_copy(update={"method": "popular"})
    own = context.with_config(context.config.model_copy(update={"recommend": chosen}))
    assert measure_sibling(own, interactions) is None


def test_what_cannot_be_held_out_is_a_note_and_a_lost_cluster_an_error(
    context, interactions, monkeypatch
):
    own = context.with_config(with_evaluation(context.config, metric="recall@1000"))
    assert measure_sibling(own, interactions) is None
    assert any("could not hold purchases out: evaluation.metric and" in n for n in own.notes)

    def lost(*_, **__):
        raise ClusterError("gone", remedy="again")

    monkeypatch.setattr(sibling, "compare", lost)
    with pytest.raises(ClusterError):
        measure_sibling(context, interactions)


def test_a_method_that_fails_is_a_note(context, interactions):
    blend = context.config.recommend.blend.model_copy(
        update={"spectral": 0.0, "user_neighbors": 0.0}
    )
    chosen = context.config.recommend.model_copy(update={"method": "blend", "blend": blend})
    own = context.with_config(context.config.model_copy(update={"recommend": chosen}))
    assert measure_sibling(own, interactions) is None
    assert any("every weight of recommend.blend is 0" in note for note in own.notes)


def test_no_more_than_max_users_are_judged(tmp_path):
    with open_context(tmp_path, shop_rows(), given(max_users=40)) as context:
        from cfdist.stages.ingest import ingest

        found = measure_sibling(context, ingest(context))
    assert 25 <= found["n_users"] <= 40


def test_the_gate_refuses_what_popular_beats(tmp_path):
    pq.write_table(pa.table(losing_rows()), tmp_path / "in.parquet")
    more = {
        "ingest": {"input": str(tmp_path / "in.parquet")},
        "recommend": {"method": "user_neighbors"},
        "evaluation": {"metric": "recall@5", "ks": (5,)},
    }
    with pytest.raises(GateError, match="popular"):
        train(quick_config(tmp_path, more))
    with pytest.raises(BuildError):
        load_build(tmp_path / "recommendations")
    build = train(quick_config(tmp_path, merge(more, {"recommend": {"method": "popular"}})))
    assert build.manifest.hold_out is None
    build = train(quick_config(tmp_path, more), force=True)
    assert build.manifest.hold_out["difference"]["high"] < 0
