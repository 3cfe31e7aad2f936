"""docs/settings.md is what the code says."""

import runpy

from conftest import ROOT

from cfdist.config import OLD_NAMES, Config, flatten

DOCS = ROOT / "docs"


def test_page_is_current():
    made = runpy.run_path(str(DOCS / "make_settings.py"))["page"]()
    kept = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert kept == made, "run `python docs/make_settings.py`"


def test_page_has_every_setting():
    kept = (DOCS / "settings.md").read_text(encoding="utf-8")
    for key in flatten(Config.model_construct().model_dump()):
        section, _, name = key.rpartition(".")
        table = kept.split(f"## [{section}]\n", 1)[1].split("\n## ", 1)[0]
        assert f"| `{name}` |" in table, key
    assert all(f"`{name}`" in kept for name in OLD_NAMES)
