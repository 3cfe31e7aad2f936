"""The scripts of the documentation run as a reader runs them, and stay short."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT, SAMPLE

DOCS = ROOT / "docs"


def run_script(name: str, *words: str, folder) -> str:
    command = [sys.executable, str(DOCS / name), *words]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("CFDIST_")}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=150, check=False, env=clean
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_train_and_read(tmp_path):
    told = run_script("train_and_read.py", str(SAMPLE), str(tmp_path / "shop"), folder=tmp_path)
    build = (tmp_path / "shop" / "recommendations" / "current").resolve().name
    assert f"published:  {build}" in told
    assert len(re.findall(r"^ *\d+ +\d+ +\d+ +[\d.]+ +user_neighbors$", told, re.M)) == 10
    assert int(re.search(r"([\d,]+) pairs counted", told)[1].replace(",", "")) > 0
    assert "article vectors: (400, 50)" in told


def test_compare_settings(tmp_path):
    words = ("factorize.n_components", "8", "32")
    lines = run_script("compare_settings.py", str(SAMPLE), *words, folder=tmp_path).splitlines()
    assert lines[0] == "factorize.n_components: recall@10 of 289 users"
    found = [
        re.match(r"(\w+): ([\d.]+) ± [\d.]+, against popular ([+-][\d.]+)", x) for x in lines[1:]
    ]
    assert [match[1] for match in found] == ["popular", "8", "32"]
    assert float(found[0][3]) == 0
    assert all(0 < float(match[2]) < 1 for match in found)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["train_and_read.py", "compare_settings.py"])
def test_scripts_are_short(name):
    assert len((DOCS / name).read_text(encoding="utf-8").splitlines()) <= 40
