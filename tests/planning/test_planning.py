"""The plan of the sample, and the refusal of a job that does not fit."""

import json
from dataclasses import replace

import pytest
from conftest import quick_config

from cfdist.errors import EXIT_CONFIG, ResourceError
from cfdist.planning import Given, document, plan_for, require_fits
from cfdist.planning.planning import job_of


@pytest.fixture
def planned(tmp_path):
    return plan_for(quick_config(tmp_path), quick=True)


def test_the_plan_of_the_sample(planned):
    assert planned.plan.fits
    assert (planned.scope, planned.remedies) == ("", [])
    assert planned.plan.sizes.users == 3000
    assert planned.plan.job.n_components == 16
    require_fits(planned)


def test_a_job_that_does_not_fit_is_refused_with_both_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("cfdist.planning.machine.MIN_WORKER_BYTES", 0)
    planned = plan_for(quick_config(tmp_path), Given(memory="200MB"), quick=True)
    with pytest.raises(ResourceError) as error:
        require_fits(planned)
    assert "0.16 GB can be used: 80% of its 0.20 GB" in error.value.message
    assert planned.plan.peak.name in error.value.message
    assert "GB each" in error.value.remedy
    assert error.value.exit_code == EXIT_CONFIG


def test_remedies_are_named_where_there_are_some(planned):
    sizes = replace(
        planned.plan.sizes, users=10**7, profiles=10**7, rows=10**8, pairs=10**8, baskets=10**7
    )
    from cfdist.plan import make_plan
    from cfdist.plan.remedies import remedies
    from cfdist.planning import Planned

    plan = make_plan(sizes, planned.plan.job, replace(planned.plan.machine, memory_bytes=10**10))
    large = Planned(plan, "", 1, remedies(plan, 10**10), [])
    with pytest.raises(ResourceError) as error:
        require_fits(large)
    assert "one of: " in error.value.remedy
    assert "--sample-percent" in error.value.remedy


def test_a_memory_limit_goes_through_disk_where_there_are_checkpoints(tmp_path):
    limited = quick_config(tmp_path, {"cluster": {"memory_limit": "2GB"}})
    assert job_of(limited).out_of_core
    unkept = quick_config(
        tmp_path, {"cluster": {"memory_limit": "2GB"}, "runs": {"checkpoints": False}}
    )
    assert not job_of(unkept).out_of_core
    assert not job_of(quick_config(tmp_path)).out_of_core


def test_the_gate_switches_the_hold_out_off(tmp_path):
    assert job_of(quick_config(tmp_path)).hold_out_users == 20_000
    assert job_of(quick_config(tmp_path, {"gate": {"hold_out": False}})).hold_out_users == 0


def test_the_workers_of_a_scheduler_are_those_planned_for(tmp_path):
    workers = {"a": {"nthreads": 3, "memory_limit": 4 * 10**9}}
    planned = plan_for(quick_config(tmp_path), quick=True, workers=workers)
    assert (planned.plan.machine.threads, planned.plan.machine.memory_bytes) == (3, 4 * 10**9)


def test_what_the_figures_leave_out_is_said(tmp_path):
    given = {
        "ingest": {"min_articles_per_user": 2},
        "recommend": {"item_neighbors": {"similarity": "rp3beta"}},
    }
    elsewhere = Given(threads=4, memory="64GB")
    notes = " ".join(plan_for(quick_config(tmp_path, given), elsewhere, quick=True).notes)
    for words in ("min_articles_per_user", "rp3beta", "the one described"):
        assert words in notes
    assert plan_for(quick_config(tmp_path), quick=True).notes == []


def test_a_filter_is_planned_with_its_own_svd(tmp_path, planned):
    chosen = {"recommend": {"method": "spectral", "spectral": {"n_components": 64}}}
    plan = plan_for(quick_config(tmp_path, chosen), quick=True).plan
    assert plan.stage("spectral").output_bytes > 0
    assert plan.seconds > planned.plan.seconds
    blend = {"recommend": {"method": "blend", "blend": {"spectral": 0.0}}}
    assert job_of(quick_config(tmp_path, blend)).spectral_components == 0
    assert "spectral" not in [stage.name for stage in planned.plan.stages]


def test_the_document_is_json_and_has_both_columns(planned):
    measured = {"seconds": {"ingest": 0.5, "publish": 1.25}, "output_bytes": 10, "other": object()}
    told = json.loads(json.dumps(document(planned.plan, measured)))
    by_stage = {stage["stage"]: stage for stage in told["stages"]}
    assert by_stage["publish"]["measured_seconds"] == 1.25
    assert "measured_seconds" not in by_stage["index"]
    assert told["measured"] == {"output_bytes": 10, "seconds": 1.75}
    for stage in told["stages"]:
        assert sum(stage["terms"].values()) == stage["peak_bytes"]
    assert "measured" not in document(planned.plan)
