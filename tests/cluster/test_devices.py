import time

import pytest
from distributed import Client, Scheduler, SpecCluster, Worker, get_worker
from machines import DRIVER, H100, cpu_machine, gpu_machine

from cfdist.backends.machine import Package
from cfdist.cluster.devices import describe_workers, require_devices, resolve_on_workers
from cfdist.cluster.everywhere import ask_workers
from cfdist.errors import ClusterError, ConfigError, DataError, DeviceError
from cfdist.settings import ClusterSettings

SETTINGS = ClusterSettings()
OTHER_DASK = Package("rapids-dask-dependency", "26.10.0", ("dask<2000",))


@pytest.fixture(scope="module")
def client():
    """Two workers in this process, named 0 and 1."""
    shared = {"protocol": "inproc://", "dashboard": False}
    worker = {"cls": Worker, "options": {**shared, "nthreads": 1, "memory_limit": 0}}
    scheduler = {"cls": Scheduler, "options": {**shared, "dashboard_address": ":0"}}
    with (
        SpecCluster(scheduler=scheduler, workers={0: worker, 1: worker}) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(2, timeout=20)
        yield client


def number() -> int:
    return int(get_worker().name)


def both_have_gpus():
    return gpu_machine(H100._replace(uuid=f"GPU-{number()}"), H100)


def one_has():
    return [cpu_machine(), gpu_machine()][number()]


def none_has():
    return cpu_machine()


def one_has_another_dask():
    return [gpu_machine(), gpu_machine(packages=(OTHER_DASK,))][number()]


def pool_is_taken():
    return gpu_machine(H100._replace(free_bytes=0))


def right():
    """A proof that succeeds."""


def test_every_worker_says_what_it_has(client):
    reports = describe_workers(client, read=both_have_gpus)
    assert set(reports) == set(client.nthreads())
    report = next(iter(reports.values()))
    assert report.driver == DRIVER
    assert [gpu.name for gpu in report.gpus] == [H100.name], "the first is the worker's own"
    assert report.total_bytes == H100.total_bytes
    assert report.versions["cupy-cuda12x"] == "26.10.0"
    assert report.versions["cfdist"]
    assert report.problem == ""


def test_memory_that_the_pool_of_the_worker_took_is_not_missing(client):
    assert not any(r.problem for r in describe_workers(client, read=pool_is_taken).values())


def test_all_workers_prove_their_gpu(client):
    assert len(require_devices(client, SETTINGS, read=both_have_gpus, prove=right)) == 2


def test_workers_that_share_a_gpu_are_told(client):
    notes = []
    require_devices(client, SETTINGS, read=gpu_machine, prove=right, note=notes.append)
    assert len(notes) == 1
    assert notes[0].startswith("2 workers share the GPU GPU-11")


def address_of(client, name: int) -> str:
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return next(address for address, said in workers.items() if said["name"] == name)


def test_mixed_workers_are_refused_by_address(client):
    with pytest.raises(DeviceError, match="1 of 2 workers cannot run") as caught:
        require_devices(client, SETTINGS, read=one_has, prove=right)
    assert address_of(client, 0) in caught.value.message
    assert address_of(client, 1) not in caught.value.message
    assert f"stop {address_of(client, 0)}" in caught.value.remedy


def test_workers_without_gpus_are_refused(client):
    with pytest.raises(DeviceError, match=r"2 of 2 workers.*no NVIDIA driver") as caught:
        require_devices(client, SETTINGS, read=none_has, prove=right)
    assert "install driver" in caught.value.remedy


def test_a_dask_that_rapids_does_not_take_is_refused(client):
    with pytest.raises(DeviceError, match="takes <2000") as caught:
        require_devices(client, SETTINGS, read=one_has_another_dask, prove=right)
    assert "pip install 'dask<2000'" in caught.value.remedy


def wrong_on_one():
    if number() == 1:
        raise DeviceError("X @ V is off", remedy="mend it")


def lost_on_one():
    if number() == 1:
        raise type("CUDARuntimeError", (RuntimeError,), {})("cudaErrorIllegalAddress: illegal")


def unknown():
    raise AttributeError("no such name")


def test_a_gpu_that_computes_something_else_is_refused(client):
    with pytest.raises(DeviceError, match=r"1 of 2 workers.*X @ V is off") as caught:
        require_devices(client, SETTINGS, read=both_have_gpus, prove=wrong_on_one)
    assert address_of(client, 1) in caught.value.message
    assert "mend it" in caught.value.remedy


def test_a_lost_gpu_is_an_error_of_the_cluster(client):
    with pytest.raises(ClusterError, match=r"lost its GPU.*IllegalAddress") as caught:
        require_devices(client, SETTINGS, read=both_have_gpus, prove=lost_on_one)
    assert address_of(client, 1) in caught.value.message


def test_any_other_error_of_the_proof_is_typed(client):
    with pytest.raises(DeviceError, match="AttributeError: no such name"):
        require_devices(client, SETTINGS, read=both_have_gpus, prove=unknown)


def test_another_release_on_the_workers_is_refused(client, monkeypatch):
    monkeypatch.setattr("cfdist.cluster.devices.version", lambda name: "9.9")
    reports = describe_workers(client, read=both_have_gpus)
    assert {r.versions["cfdist"] for r in reports.values()} == {"9.9"}, "of this process, too"
    monkeypatch.setattr("cfdist.cluster.devices._version", lambda name: "0.0.1")
    with pytest.raises(ConfigError, match=r"cfdist 9\.9 here, 0\.0\.1 on") as caught:
        require_devices(client, SETTINGS, read=both_have_gpus, prove=right)
    assert caught.value.remedy == "install cfdist 9.9 where the workers run"


@pytest.mark.parametrize(
    ("read", "name", "why"),
    [
        (both_have_gpus, "gpu", "2 × NVIDIA H100"),
        (one_has, "cpu", "1 of 2 workers"),
        (none_has, "cpu", "no NVIDIA driver"),
    ],
)
def test_auto_asks_the_workers_and_says_why(client, read, name, why):
    notes = []
    assert resolve_on_workers(client, "auto", read=read, note=notes.append) == name
    assert len(notes) == 1
    assert notes[0].startswith(f"backend auto is the {name}: ")
    assert why in notes[0]


def test_what_is_wanted_is_not_replaced(client):
    assert resolve_on_workers(client, "cpu", read=lambda: 1 / 0) == "cpu"
    assert resolve_on_workers(client, "gpu", read=both_have_gpus) == "gpu"
    with pytest.raises(DeviceError, match="1 of 2"):
        resolve_on_workers(client, "gpu", read=one_has)
    with pytest.raises(ConfigError, match="'tpu'"):
        resolve_on_workers(client, "tpu")


def slow_on_one():
    if number() == 1:
        time.sleep(3)


def broken():
    raise DataError("bad", remedy="good")


def absent():
    raise ModuleNotFoundError("No module named 'cfdist'")


def crash():
    raise KeyError("x")


def test_a_worker_that_does_not_answer_is_named(client):
    with pytest.raises(ClusterError, match=r"no answer within 0\.3 s") as caught:
        ask_workers(client, slow_on_one, timeout_s=0.3)
    assert address_of(client, 1) in caught.value.message
    assert address_of(client, 0) not in caught.value.message


@pytest.mark.parametrize(
    ("task", "kind", "said"),
    [
        (broken, DataError, "inproc.*: bad"),
        (absent, ConfigError, "No module named 'cfdist'"),
        (crash, ClusterError, "KeyError"),
    ],
)
def test_errors_of_workers_are_typed(client, task, kind, said):
    with pytest.raises(kind, match=said) as caught:
        ask_workers(client, task, timeout_s=20)
    assert caught.value.remedy


def test_answers_by_address(client):
    answers = ask_workers(client, number, timeout_s=20)
    assert answers == {address_of(client, n): n for n in (0, 1)}
