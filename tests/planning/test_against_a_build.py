"""The plan of the sample against what a training of it counted and wrote."""

import pytest
from conftest import quick_config

from cfdist.planning import document, plan_for


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    return plan_for(quick_config(tmp_path_factory.mktemp("plan")), quick=True).plan


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("users", "n_users"),
        ("articles", "n_articles"),
        ("pairs", "nnz"),
        ("profiles", "n_profiles"),
        ("baskets", "n_baskets"),
    ],
)
def test_sizes_are_what_the_stages_counted(planned, trained, name, count):
    assert getattr(planned.sizes, name) == trained.manifest.counts[count]


def test_the_files_have_the_planned_bytes(planned, trained):
    written = sum(file.bytes for file in trained.manifest.files)
    assert planned.output_bytes == pytest.approx(written, rel=0.15)


def test_every_timed_stage_is_planned(planned, trained):
    assert set(trained.manifest.seconds) == {stage.name for stage in planned.stages} - {
        "publish",  # not over when the manifest is written
        "rest",
    }
    told = document(planned, {"seconds": trained.manifest.seconds})
    measured = [stage for stage in told["stages"] if "measured_seconds" in stage]
    assert len(measured) == len(trained.manifest.seconds)


def test_the_method_of_the_svd(planned, trained):
    import json

    metrics = json.loads((trained.path / "metrics.json").read_text())
    assert metrics["svd_method"] == planned.svd_method
