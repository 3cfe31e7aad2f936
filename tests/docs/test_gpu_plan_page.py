"""docs/gpu-plan.md is what the plan says."""

from conftest import ROOT

from cfdist.plan.gpu.page import GPUS, SHOPS, page


def test_page_is_current():
    kept = (ROOT / "docs" / "gpu-plan.md").read_text(encoding="utf-8")
    assert kept == page(), "run `python docs/make_gpu_plan.py`"


def test_every_shop_and_number_of_gpus_has_its_verdict():
    made = page()
    for title, _ in SHOPS:
        section = made.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
        for gpus in GPUS:
            assert f"- **{gpus} GPU{'s' * (gpus > 1)}**: " in section
        assert "**However many**" in section


def test_no_seconds_are_told():
    made = page()
    assert made.count("seconds") == 1
    assert "There are no seconds" in made
    assert "**Nothing here was measured on a GPU**" in made
