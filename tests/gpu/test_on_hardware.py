"""What `make gpu-report` measures, small, as tests: both backends agree on this machine's GPU."""

import pytest
from conftest import ROOT

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(600)]
SIZES = {"n_users": 20_000, "n_articles": 3000, "n_interactions": 120_000}
PARTS = ("proof", "passes", "scoring", "factorization", "search", "job")


@pytest.mark.parametrize("name", PARTS)
def test_both_backends_agree(hardware, name, capsys):
    import gpu_report

    found = gpu_report.measure(name, SIZES)
    if found["status"] == "missing":
        from gpu.conftest import no_gpu

        no_gpu(f"{', '.join(found['missing'])} is not installed")
    assert found["status"] == "agrees", found


def test_these_are_all_parts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import gpu_report

    assert tuple(gpu_report.PARTS) == PARTS
