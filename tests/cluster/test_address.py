import socket
import subprocess
import sys
import time

import pytest
from conftest import quick_config

from cfdist.cluster import open_cluster
from cfdist.errors import ClusterError
from cfdist.pipeline import train
from cfdist.settings import ClusterSettings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def scheduler():
    """A real scheduler and worker, as two programs."""
    address = f"tcp://127.0.0.1:{free_port()}"
    host = ["--host", "127.0.0.1", "--no-dashboard"]
    start = [sys.executable, "-m", "distributed.cli.dask_scheduler", *host]
    programs = [subprocess.Popen([*start, "--port", address.rsplit(":", 1)[1]])]
    yield address, programs
    for program in programs:
        program.terminate()
        program.wait(timeout=20)


def start_worker(address: str, programs: list) -> None:
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-dashboard"]
    programs.append(subprocess.Popen([*worker, "--host", "127.0.0.1", "--nthreads", "2"]))


def test_trains_on_a_scheduler_that_somebody_started(scheduler, tmp_path):
    address, programs = scheduler
    start_worker(address, programs)
    given = {"cluster": {"address": address, "timeout_s": 20}}
    build = train(quick_config(tmp_path, given))
    assert build.manifest.counts["n_users"] == 3000
    assert all(program.poll() is None for program in programs), "the cluster is not ours to stop"


def test_scheduler_that_does_not_answer():
    started = time.monotonic()
    settings = ClusterSettings(address=f"tcp://127.0.0.1:{free_port()}", timeout_s=1)
    with pytest.raises(ClusterError, match="within 1 s"), open_cluster(settings):
        pass
    assert time.monotonic() - started < 20


def test_scheduler_without_workers(scheduler):
    address, _ = scheduler
    settings = ClusterSettings(address=address, timeout_s=3)
    with pytest.raises(ClusterError, match="no workers"), open_cluster(settings):
        pass
