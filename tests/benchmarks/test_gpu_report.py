"""The report of a GPU, with the stand-ins in its place."""

import gpu_report
import pytest
from gpu_page import page
from strict.installing import strict_environment, strict_packages

SIZES = {"n_users": 3000, "n_articles": 600, "n_interactions": 12_000}


@pytest.fixture
def device():
    from cfdist.backends import get_backend

    get_backend.cache_clear()
    with strict_packages() as found:
        yield found
    get_backend.cache_clear()


@pytest.mark.parametrize("name", ["proof", "passes", "scoring", "factorization", "search"])
def test_a_part_agrees(device, name):
    found = gpu_report.measure(name, SIZES)
    assert found["status"] == "agrees", found
    assert found["rows"]


@pytest.mark.timeout(300)
def test_the_whole_job(device, monkeypatch):
    for name, value in strict_environment().items():
        monkeypatch.setenv(name, value)
    found = gpu_report.measure("job", SIZES)
    assert found["status"] == "agrees", found
    stages = {row["what"]: row for row in found["rows"] if "gpu_s" in row}
    assert all(stages["matrix"].values()), "planned and measured memory, seconds, transfers"
    assert stages["matrix"]["peak_bytes"] < stages["matrix"]["planned_bytes"]
    assert "in use at most, GiB" in page(_report({"job": found}))


def test_a_part_that_is_off_is_told(device, monkeypatch):
    from cfdist.backends.gpu.csr import GpuCsr

    right = GpuCsr.gram_times
    monkeypatch.setattr(GpuCsr, "gram_times", lambda self, dense: right(self, dense) * 1.001)
    found = gpu_report.measure("passes", SIZES)
    assert found["status"] == "differs"
    assert "**differs**" in page(_report({"passes": found}))


def test_what_is_missing_is_named():
    found = gpu_report.measure("search", SIZES)
    assert found["status"] == "missing"
    assert "Not run: cupy, cuvs not installed." in page(_report({"search": found}))


def test_a_part_that_fails_is_told(monkeypatch):
    def fail(sizes):
        raise RuntimeError("no device")

    part = gpu_report.Part("A part", (), fail)
    monkeypatch.setattr(gpu_report, "PARTS", {"part": part})
    found = gpu_report.measure("part", SIZES)
    assert (found["status"], found["error"]) == ("failed", "no device")
    assert "no device" in page(_report({"part": found}))


def test_without_a_gpu_the_page_says_so():
    found = gpu_report.report([], SIZES)
    assert page(found).startswith("# no GPU, ")
    assert "3,000 users" in page(found)


def _report(parts):
    return gpu_report.report([], SIZES) | {"parts": parts}
