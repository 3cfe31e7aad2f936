"""The whole job on the GPU backend, in real worker processes that find stand-ins for RAPIDS.

What is published agrees with the CPU; what moves between host and device is what docs/gpu.md says;
no stage takes more device memory than was planned.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SAMPLE
from strict.installing import strict_environment

from cfdist.builds import load_build
from cfdist.config import Config
from cfdist.pipeline import verify

MIB = 2**20
STATED = {
    # stage: what goes to the device, what comes to the host
    "ingest": (False, True), "index": (True, False), "matrix": (True, True),
    "factorize": (True, True), "profiles": (True, True), "neighbors": (True, True),
    "recommend": (True, True), "pairs": (True, True),
}  # fmt: skip
ROUNDING = 2 * MIB
"""A device gives memory in pieces; on the sample they count."""


def run(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess:
    """A cfdist command on the stand-ins, its files below ``folder``."""
    (folder / "none.toml").touch()
    command = [
        str(Path(sys.executable).with_name("cfdist")), *options,
        "--output", str(folder / "out"), "--config", str(folder / "none.toml"),
        "--set", f"runs.path={folder}/runs", "--set", "cluster.dashboard=false",
    ]  # fmt: skip
    env = os.environ | strict_environment() | environment
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpu")
    ended = run(
        folder, "train", str(SAMPLE), "--backend", "gpu", "--workers", "2", "--force",
        "--set", "factorize.n_components=16",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return folder, load_build(folder / "out")


@pytest.mark.timeout(300)
def test_the_cpu_computes_the_same_build(published):
    folder, build = published
    config = Config.load(
        None,
        {
            "publish": {"root": str(folder / "out")},
            "runs": {"path": str(folder / "runs")},
            "cluster": {"dashboard": False},
        },
    )
    found = verify(config, n_users=3000)
    assert (found.published_by, found.computed_by) == ("gpu", "cpu")
    assert found.agrees, found.document()
    build.check()


def test_what_moves_is_what_is_stated(published):
    _, build = published
    moved = build.manifest.transfers
    for stage, (to_device, to_host) in STATED.items():
        counts = moved[stage]
        assert to_device or not counts["to_device"], (stage, counts)
        assert to_host or not counts["to_host"], (stage, counts)
    said = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
    table = said.split("## What runs where", 1)[1]
    assert all(f"| {stage} |" in table for stage in STATED)


def test_no_stage_takes_more_than_was_planned(published):
    _, build = published
    planned = {
        stage["stage"]: stage["peak_bytes"] for stage in build.manifest.plan["device"]["stages"]
    }
    for stage in STATED:
        peak = build.manifest.transfers[stage]["peak_bytes"]
        assert 0 < peak <= planned[stage] + ROUNDING, stage


def test_the_manifest_names_the_backend(published):
    _, build = published
    assert build.manifest.backend == "gpu"
    assert build.manifest.plan["backend"] == "gpu"


def test_too_little_device_memory_is_refused_before_anything_is_computed(tmp_path):
    ended = run(
        tmp_path, "train", str(SAMPLE), "--backend", "gpu",
        "--set", "cluster.device_memory_limit=300MB",
    )  # fmt: skip
    assert ended.returncode == 40, ended.stdout + ended.stderr
    assert "GPU" in ended.stderr
    assert "→" in ended.stderr
    assert not list(tmp_path.glob("out/builds/*"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("method", ["latent", "item_neighbors", "blend", "spectral"])
def test_other_methods_agree_as_well(tmp_path, method):
    ended = run(
        tmp_path, "train", str(SAMPLE), "--backend", "gpu", "--method", method, "--force",
        "--set", "factorize.n_components=16",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    again = run(
        tmp_path, "verify", "--users", "1000", "--json", CFDIST_STRICT_DEVICES="0"
    )  # fmt: skip
    found = json.loads(again.stdout)
    assert found["agrees"], found


@pytest.mark.timeout(300)
def test_an_experiment_on_the_device(tmp_path):
    ended = run(tmp_path, "experiment", str(SAMPLE), "--backend", "gpu", "--json")
    assert ended.returncode == 0, ended.stderr
    record = json.loads(ended.stdout)
    assert record["backend"] == "gpu"
    assert record["transfers"]["factorize"]["peak_bytes"] > 0
