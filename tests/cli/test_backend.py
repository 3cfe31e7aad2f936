"""A GPU that is wanted and cannot be had: one message, one remedy, nothing written."""

import json

import pytest
from click.testing import CliRunner
from conftest import SAMPLE
from machines import H100, cpu_machine, gpu_machine

from cfdist.backends import requirements
from cfdist.backends.machine import Package
from cfdist.builds.build import load_build
from cfdist.cli import cli
from cfdist.cluster import backend as choosing
from cfdist.cluster import local

MACHINES = {
    "no driver": (cpu_machine(), "no NVIDIA driver", "install driver"),
    "old driver": (gpu_machine(driver="470.57.02"), "older than 535", "install driver 535"),
    "too little memory": (
        gpu_machine(H100._replace(total_bytes=2**31, free_bytes=2**31)), "4 GiB", "more memory",
    ),
    "wrong dask": (
        gpu_machine(packages=(Package("rapids-dask-dependency", "26.10.0", ("dask<2000",)),)),
        "takes <2000", "pip install 'dask<2000'",
    ),
}  # fmt: skip


@pytest.fixture
def train(tmp_path, monkeypatch):
    """`cfdist train` of the sample on a machine that a test describes."""
    monkeypatch.chdir(tmp_path)

    def run(described, *options):
        def resolve(wanted, **given):
            return requirements.resolve_backend(wanted, **given, read=lambda *a, **k: described)

        monkeypatch.setattr(choosing, "resolve_backend", resolve)
        monkeypatch.setattr(local, "resolve_backend", resolve)
        quick = ["--set", "cluster.dashboard=false", "--n-components", "10", "--output", "out"]
        return CliRunner().invoke(cli, ["train", str(SAMPLE), *quick, *options])

    return run


@pytest.mark.parametrize(("described", "said", "remedy"), MACHINES.values(), ids=MACHINES)
def test_a_gpu_that_cannot_be_used_is_refused_before_anything_is_written(
    train, tmp_path, described, said, remedy
):
    result = train(described, "--backend", "gpu", "--json")
    assert result.exit_code == 40, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["error"] == "DeviceError"
    assert said in told["message"]
    assert remedy in told["remedy"]
    assert not list(tmp_path.glob("out/builds/*"))


def test_auto_without_a_gpu_trains_on_the_cpu_and_says_why(train):
    result = train(cpu_machine(), "--backend", "auto")
    assert result.exit_code == 0, result.output
    manifest = load_build("out").manifest
    assert "backend auto is the cpu: driver: no NVIDIA driver" in manifest.notes


def test_no_such_backend(train, tmp_path):
    result = train(cpu_machine(), "--backend", "tpu")
    assert result.exit_code == 40
    assert "cluster.backend" in result.stderr
    assert not (tmp_path / "out").exists()
