import json

import pytest
from click.testing import CliRunner
from machines import H100, cpu_machine, gpu_machine
from strict.installing import strict_packages

from cfdist.backends import get_backend, machine
from cfdist.backends.driver import Driver
from cfdist.backends.machine import Package
from cfdist.cli import cli
from cfdist.cli.doctor import devices
from cfdist.config import Config
from cfdist.errors import ConfigError

OTHER_DASK = Package("rapids-dask-dependency", "26.10.0", ("dask<2026.7.2,>=2000",))


@pytest.fixture
def look(tmp_path, monkeypatch):
    """`cfdist doctor --json` on a machine that a test describes: exit code and findings."""
    monkeypatch.chdir(tmp_path)

    def run(described, *options):
        if described is not None:
            monkeypatch.setattr(devices, "read_machine", lambda *a, **k: described)
        result = CliRunner().invoke(cli, ["doctor", "--json", *options])
        findings = {found["what"]: found for found in json.loads(result.stdout)}
        return result.exit_code, findings

    return run


def test_a_machine_without_gpu_is_told_in_one_line(look):
    code, findings = look(cpu_machine())
    assert code == 0
    assert findings["gpu"]["found"] == (
        "optional: no NVIDIA driver; not installed: cupy, cudf, cuml, cuvs, rmm"
    )
    assert [what for what in findings if what.startswith("gpu")] == ["gpu"]


def test_with_backend_gpu_it_is_a_failure_with_its_remedy(look):
    code, findings = look(cpu_machine(), "--backend", "gpu")
    assert code == 40
    assert not findings["gpu driver"]["is_fine"]
    assert findings["gpu driver"]["remedy"].startswith("install driver 535")
    assert findings["gpu libraries"]["remedy"] == "pip install 'cfdist[cu12]'"


def test_auto_says_what_it_would_take(look):
    code, findings = look(cpu_machine(), "--backend", "auto")
    assert code == 0
    assert findings["backend auto"]["found"] == "the cpu: driver: no NVIDIA driver"


@pytest.mark.parametrize(
    ("described", "what", "said"),
    [
        (gpu_machine(driver="470.1"), "gpu driver", "older than 535"),
        (gpu_machine(H100._replace(total_bytes=2**31)), "gpu GPU", "at least 4 GiB"),
        (gpu_machine(packages=(OTHER_DASK,)), "gpu dask", "takes <2026.7.2,>=2000"),
        (gpu_machine(missing=("cuvs",)), "gpu libraries", "not installed: cuvs"),
    ],
)
def test_what_is_there_is_told_and_what_is_missing_fails_only_where_it_is_wanted(
    look, described, what, said
):
    code, findings = look(described)
    assert code == 0
    assert findings[what]["found"].startswith("optional: ")
    assert said in findings[what]["found"]
    code, findings = look(described, "--backend", "gpu")
    assert code == 40
    assert said in findings[what]["found"]
    assert findings[what]["remedy"]


def test_the_cluster_cuda_is_for_the_gpu(look):
    code, findings = look(cpu_machine(), "--cluster", "cuda")
    assert code == 40
    assert not findings["gpu driver"]["is_fine"]
    assert "cluster" not in findings, "no worker is started where it cannot run"


@pytest.fixture
def stand_ins():
    """A machine with a GPU whose libraries are stand-ins."""
    with strict_packages():
        get_backend.cache_clear()
        yield
    get_backend.cache_clear()


def test_a_machine_with_a_gpu_is_proved(look, stand_ins):
    code, findings = look(None, "--backend", "gpu")
    assert code == 0, findings
    assert findings["gpu driver"]["found"] == "580.95.05"
    assert "compute capability 9.0" in findings["gpu GPU"]["found"]
    assert findings["proof: X @ V"]["found"].startswith("off by ")
    assert findings["proof: truncated SVD"]["is_fine"]
    assert "GiB free" in findings["gpu memory"]["found"]


def test_a_device_that_computes_wrong_is_a_failure(look, stand_ins, monkeypatch):
    from cfdist.backends.gpu import GpuCsr

    monkeypatch.setattr(GpuCsr, "times", lambda self, dense: dense[:1])
    code, findings = look(None, "--backend", "gpu")
    assert code == 40
    assert not findings["proof: X @ V"]["is_fine"]
    assert "--backend cpu" in findings["proof: X @ V"]["remedy"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConfigError("the GPU backend needs RAPIDS"), "needs RAPIDS"),
        (RuntimeError("CUDA error: cudaErrorDevicesUnavailable"), "lost its GPU"),
    ],
)
def test_a_device_that_cannot_be_opened_is_a_failure(look, stand_ins, monkeypatch, error, said):
    def broken(name):
        raise error

    monkeypatch.setattr("cfdist.backends.get_backend", broken)
    code, findings = look(None, "--backend", "gpu")
    assert code == 40
    assert said in findings["proof"]["found"]


def test_a_gpu_that_is_not_asked_for_is_told_alike(look, stand_ins):
    code, findings = look(None)
    assert code == 0
    assert findings["gpu driver"]["found"] == "580.95.05"


@pytest.mark.parametrize(
    ("size", "is_fine", "said"),
    [("0.5", True, "40.0 GiB of each GPU"), ("79GB", True, "73.6"), ("90GB", False, "free of")],
)
def test_the_pool_of_rmm_is_compared_with_the_memory(monkeypatch, size, is_fine, said):
    monkeypatch.setattr(devices, "_proof", lambda wanted: [])
    given = {"address": "cuda", "rmm_pool_size": size}
    config = Config.load(None, {"cluster": given})
    findings = {f.what: f for f in devices.examine_devices(config, gpu_machine())}
    assert findings["gpu RMM pool"].is_fine is is_fine
    assert said in findings["gpu RMM pool"].found


def test_a_wrong_gpus_setting_is_a_failure(look, stand_ins):
    code, findings = look(None, "--backend", "gpu", "--gpus", "5")
    assert code == 40
    assert "5 names none of 1" in findings["gpu GPU"]["found"]


def test_gpus_of_a_cluster_that_takes_none_are_a_failure(look, stand_ins):
    code, findings = look(None, "--backend", "gpu", "--gpus", "0")
    assert code == 40
    assert "has no effect on local" in findings["cluster"]["found"]


def test_the_machine_is_read_with_the_settings(monkeypatch):
    asked = {}

    def read(gpus, cluster):
        asked.update(gpus=gpus, cluster=cluster)
        return machine.Machine("Linux", (), (), Driver(problem="none"), ())

    monkeypatch.setattr(devices, "read_machine", read)
    devices.examine_devices(Config.load(None, {"cluster": {"gpus": "1", "address": "cuda"}}))
    assert asked == {"gpus": "1", "cluster": True}
