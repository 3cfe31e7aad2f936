"""Workers of a scheduler that somebody started, with and without (stand-ins for) a GPU."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from conftest import SAMPLE
from distributed import Client
from strict.installing import strict_environment

from cfdist.cli import cli
from cfdist.cluster.devices import describe_workers, require_devices, resolve_on_workers
from cfdist.cluster.everywhere import ask_workers
from cfdist.errors import ClusterError, DeviceError
from cfdist.settings import ClusterSettings

HOST = ["--host", "127.0.0.1", "--no-dashboard"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def scheduler():
    """A scheduler with two workers: "gpu" has stand-ins, "plain" has nothing."""
    port = str(free_port())
    address = f"tcp://127.0.0.1:{port}"
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, *HOST]
    worker += ["--nthreads", "1", "--no-nanny"]
    env = {**os.environ, **strict_environment()}
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_scheduler", *HOST, "--port", port]
        ),
        subprocess.Popen([*worker, "--name", "gpu"], env=env),
        subprocess.Popen([*worker, "--name", "plain"]),
    ]
    yield address, programs
    for program in reversed(programs):
        program.terminate()
        program.wait(timeout=20)


@pytest.fixture
def client(scheduler):
    with Client(scheduler[0], timeout=20) as client:
        yield client


def addresses(client, n: int) -> dict[str, str]:
    """Address of each worker by its name."""
    client.wait_for_workers(n, timeout=30)
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return {said["name"]: address for address, said in workers.items()}


def test_mixed_workers_are_refused_and_the_one_without_is_named(client):
    workers = addresses(client, 2)
    reports = describe_workers(client)
    assert reports[workers["gpu"]].problem == ""
    assert "no NVIDIA driver" in reports[workers["plain"]].problem
    with pytest.raises(DeviceError, match="1 of 2 workers") as caught:
        require_devices(client, ClusterSettings())
    assert workers["plain"] in caught.value.message
    notes = []
    assert resolve_on_workers(client, "auto", note=notes.append) == "cpu"
    assert "1 of 2 workers" in notes[0]


def test_a_training_on_mixed_workers_writes_nothing(client, scheduler, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    addresses(client, 2)
    words = ["train", str(SAMPLE), "--backend", "gpu", "--cluster", scheduler[0], "--json"]
    result = CliRunner().invoke(cli, [*words, "--set", "cluster.dashboard=false"])
    assert result.exit_code == 40, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["error"] == "DeviceError"
    assert told["remedy"].startswith("stop tcp://")
    assert not list(tmp_path.glob("data/recommendations/builds/*"))


def doctor(address, *options):
    words = ["doctor", "--json", "--cluster", address, *options]
    result = CliRunner().invoke(cli, words)
    return result.exit_code, {found["what"]: found for found in json.loads(result.stdout)}


def test_the_doctor_looks_at_every_worker(client, scheduler, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workers = addresses(client, 2)
    code, findings = doctor(scheduler[0], "--backend", "gpu")
    assert code == 40
    assert findings[workers["gpu"]]["is_fine"]
    assert "driver 580.95.05" in findings[workers["gpu"]]["found"]
    assert not findings[workers["plain"]]["is_fine"]
    code, findings = doctor(scheduler[0], "--backend", "auto")
    assert code == 0
    assert findings[workers["plain"]]["found"].startswith("optional: ")
    code, findings = doctor(scheduler[0])
    assert code == 0
    assert findings["scheduler"]["found"].endswith("2 workers")


def test_workers_that_all_have_one_prove_it(client, scheduler, tmp_path, monkeypatch):
    """From here on the worker without a GPU is gone."""
    monkeypatch.chdir(tmp_path)
    address, programs = scheduler
    plain = programs.pop()
    plain.terminate()
    plain.wait(timeout=20)
    deadline = time.monotonic() + 20
    while len(client.nthreads()) > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(require_devices(client, ClusterSettings())) == [addresses(client, 1)["gpu"]]
    assert resolve_on_workers(client, "auto") == "gpu"
    code, findings = doctor(address, "--backend", "gpu")
    assert code == 0, findings
    assert findings["proof"]["is_fine"]


def test_a_worker_that_dies_is_an_error_at_once(client):
    """The last test: it ends the other worker, too."""
    gpu = addresses(client, 1)["gpu"]
    started = time.monotonic()
    with pytest.raises(ClusterError, match=f"{gpu} died before it answered"):
        ask_workers(client, os._exit, 9, timeout_s=120)
    assert time.monotonic() - started < 60
    with pytest.raises(ClusterError, match="no workers"):
        ask_workers(client, os.getpid, timeout_s=5)
