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


class TestOnGpus:
    """The refusal where GPUs compute: both numbers, and the setting to change."""

    def gpu(self, tmp_path, memory="80GB", gpus=1, given=None):
        config = quick_config(tmp_path, {"cluster": {"backend": "gpu"}} | (given or {}))
        return plan_for(config, Given(gpus=gpus, gpu_memory=memory, memory="64GB"), quick=True)

    def larger(self, planned):
        """The same job on a shop whose rows no GPU of 80 GB holds."""
        from cfdist.plan import make_plan
        from cfdist.plan.remedies import remedies
        from cfdist.planning import Planned

        shop = replace(
            planned.plan.sizes, read_tasks=2000, rows=2 * 10**9, users=10**7, pairs=10**9
        )
        machine = replace(planned.plan.machine, memory_bytes=10**12)
        plan = make_plan(shop, planned.plan.job, machine)
        total = machine.n_workers * machine.memory_bytes
        return Planned(plan, "", 1, remedies(plan, total), [])

    def test_the_sample_fits(self, tmp_path):
        planned = self.gpu(tmp_path)
        assert planned.plan.fits_gpu
        require_fits(planned)

    def test_too_little_is_refused_with_both_numbers_and_a_change(self, tmp_path):
        planned = self.larger(self.gpu(tmp_path))
        assert planned.plan.fits_host
        with pytest.raises(ResourceError) as error:
            require_fits(planned)
        needed = f"{planned.plan.device.peak_bytes / 1e9:.2f} GB"
        assert f"needs {needed} of the GPU, and 56.00 GB can be used" in error.value.message
        assert "cluster.device_memory_limit, of 80.00 GB" in error.value.message
        assert planned.plan.device.peak.largest_term.name in error.value.message
        assert error.value.exit_code == EXIT_CONFIG
        for words in ("--cluster cuda --gpus 0,1", "GPUs with", "--backend cpu", "require_fit"):
            assert words in error.value.remedy

    def test_every_change_that_is_named_fits(self, tmp_path):
        planned = self.larger(self.gpu(tmp_path))
        assert planned.remedies
        for remedy in planned.remedies:
            assert remedy.needed_bytes <= planned.plan.device.usable_bytes or (
                remedy.change == "--backend cpu"
            )

    def test_the_memory_that_is_named_is_enough(self, tmp_path):
        planned = self.larger(self.gpu(tmp_path))
        with pytest.raises(ResourceError) as error:
            require_fits(planned)
        named = int(error.value.remedy.split("GPUs with ")[1].split(" GB")[0]) * 10**9
        machine = replace(planned.plan.machine, gpu_usable_bytes=int(0.7 * named))
        from cfdist.plan import make_plan

        assert make_plan(planned.plan.sizes, planned.plan.job, machine).fits

    def test_gpus_that_are_not_described_are_not_refused(self, tmp_path):
        config = quick_config(tmp_path, {"cluster": {"backend": "gpu"}})
        planned = plan_for(config, quick=True)
        assert planned.plan.fits_gpu is None
        assert any("describe them with --gpus" in note for note in planned.notes)
        require_fits(planned)

    def test_the_document_has_bytes_of_the_device_and_no_seconds(self, tmp_path):
        told = json.loads(json.dumps(document(self.gpu(tmp_path).plan)))
        assert told["seconds"] is None
        assert all(stage["seconds"] is None for stage in told["stages"])
        assert told["device"]["fits"]
        for stage in told["device"]["stages"]:
            assert sum(stage["terms"].values()) == stage["peak_bytes"]
            assert set(stage["moved"]) == {"between workers", "to the device", "to the host"}

    def test_the_cpu_has_no_device_in_its_document(self, planned):
        assert "device" not in document(planned.plan)
        assert document(planned.plan)["seconds"] > 0
