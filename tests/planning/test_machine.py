"""The machine of the settings, and the one of the command line."""

import pytest
from dask.system import CPU_COUNT
from distributed.system import MEMORY_LIMIT

from cfdist.backends.driver import Gpu
from cfdist.backends.machine import read_machine
from cfdist.errors import ConfigError
from cfdist.plan.constants import REFERENCE
from cfdist.planning.machine import (
    UNLIMITED,
    Given,
    Here,
    gpus_here,
    machine_of,
    with_devices,
    with_workers_of,
)
from cfdist.settings import ClusterSettings

GB = 10**9


def machine(given: Given | None = None, **settings):
    return machine_of(ClusterSettings(**settings), REFERENCE, given)


def gpu_machine(given: Given | None = None, devices=None, **settings):
    return with_devices(machine(given, **settings), ClusterSettings(**settings), given, devices)


def reported(*gpus: Gpu) -> dict[str, Here]:
    return {f"tcp://10.0.0.{number}": Here((gpu,)) for number, gpu in enumerate(gpus)}


def test_this_machine_by_default():
    found = machine()
    assert (found.workers, found.threads, found.memory_bytes) == (0, CPU_COUNT, MEMORY_LIMIT)
    assert found.n_workers == 1


def test_workers_share_the_cores_and_the_memory():
    found = machine(workers=2, threads=1)
    assert found.memory_bytes == int(MEMORY_LIMIT * min(1, 1 / CPU_COUNT))
    assert machine(workers=3, memory_limit="2GB").memory_bytes == 2 * 10**9


def test_a_machine_that_is_described():
    given = Given(workers=8, threads=4, memory="64GB", gpus=1, gpu_memory="80GB")
    found = machine(given, workers=1, memory_limit="1GB")
    assert (found.workers, found.threads, found.memory_bytes) == (8, 4, 64 * 10**9)
    assert found.all_threads == 32
    assert given.is_elsewhere
    assert not Given(workers=8).is_elsewhere


def test_the_least_of_the_workers_of_a_scheduler_counts():
    workers = {
        "a": {"nthreads": 4, "memory_limit": 8 * 10**9},
        "b": {"nthreads": 2, "memory_limit": 16 * 10**9},
    }
    found = with_workers_of(machine(), workers)
    assert (found.workers, found.threads, found.memory_bytes) == (2, 2, 8 * 10**9)
    assert with_workers_of(machine(), {}) == machine()


@pytest.mark.parametrize("text", ["much", "0", "-1GB"])
def test_what_is_no_memory(text):
    with pytest.raises(ConfigError, match="--memory"):
        machine(Given(memory=text))


def test_a_worker_without_a_limit_is_never_refused():
    here = machine(workers=1)
    assert (
        with_workers_of(here, {"a": {"nthreads": 2, "memory_limit": 0}}).memory_bytes == UNLIMITED
    )


def test_gpus_that_are_described():
    given = Given(gpus=4, gpu_memory="80GB")
    found = gpu_machine(given, backend="gpu")
    assert (found.backend, found.gpus, found.workers) == ("gpu", 4, 4)
    assert found.gpu_memory_bytes == 80 * GB
    assert found.gpu_usable_bytes == pytest.approx(56 * GB, abs=256)
    beside = gpu_machine(given)
    assert (beside.backend, beside.gpus, beside.workers) == ("cpu", 4, 0)


@pytest.mark.parametrize(
    ("limit", "usable"), [("0.5", 40 * GB), ("20GB", 20 * GB), ("200GB", 80 * GB)]
)
def test_the_limit_is_a_share_or_bytes(limit, usable):
    found = gpu_machine(Given(gpus=1, gpu_memory="80GB"), device_memory_limit=limit)
    assert found.gpu_usable_bytes == pytest.approx(usable, abs=256)


def test_the_smallest_gpu_of_the_workers_counts():
    devices = reported(Gpu("H100", "a", 80 * GB), Gpu("A10", "b", 24 * GB))
    found = gpu_machine(None, devices, backend="gpu")
    assert (found.gpus, found.workers, found.gpu_memory_bytes) == (2, 2, 24 * GB)


def test_workers_of_the_cluster_cuda_share_the_memory_of_the_machine():
    devices = reported(Gpu("H100", "a", 80 * GB), Gpu("H100", "b", 80 * GB))
    found = gpu_machine(None, devices, backend="gpu", address="cuda")
    assert (found.workers, found.threads) == (2, 1)
    assert found.memory_bytes == MEMORY_LIMIT // 2
    given = gpu_machine(Given(memory="64GB"), devices, backend="gpu", address="cuda")
    assert given.memory_bytes == 64 * GB
    described = with_workers_of(
        machine(address="cuda"), {"a": {"nthreads": 1, "memory_limit": 8 * GB}}
    )
    assert with_devices(
        described, ClusterSettings(backend="gpu", address="cuda"), None, devices
    ).memory_bytes == 8 * GB  # fmt: skip


def test_a_gpu_that_workers_share_is_divided():
    devices = reported(Gpu("H100", "a", 80 * GB), Gpu("H100", "a", 80 * GB))
    assert gpu_machine(None, devices, backend="gpu").gpu_memory_bytes == 40 * GB


def test_auto_is_the_gpu_where_there_is_one():
    devices = reported(Gpu("H100", "a", 80 * GB))
    assert gpu_machine(None, devices, backend="auto").backend == "gpu"
    assert gpu_machine(None, {}, backend="auto").backend == "cpu"
    assert gpu_machine(None, devices, backend="cpu").backend == "cpu"


def test_without_a_description_nothing_is_known_of_the_gpu():
    found = gpu_machine(backend="gpu")
    assert (found.backend, found.gpus, found.gpu_usable_bytes) == ("gpu", 1, 0)


def test_the_gpus_of_this_machine_are_asked_of_the_driver():
    gpus = tuple(Gpu("H100", name, 80 * GB) for name in "ab")

    def read(chosen: str):
        return read_machine()._replace(gpus=gpus)

    assert gpus_here(ClusterSettings(backend="cpu"), read) == {}
    assert gpus_here(ClusterSettings(backend="gpu", address="tcp://a:1"), read) == {}
    assert len(gpus_here(ClusterSettings(backend="gpu"), read)) == 1
    assert len(gpus_here(ClusterSettings(backend="gpu", address="cuda"), read)) == 2
