"""The machine of the settings, and the one of the command line."""

import pytest
from dask.system import CPU_COUNT
from distributed.system import MEMORY_LIMIT

from cfdist.errors import ConfigError
from cfdist.plan.constants import REFERENCE
from cfdist.planning.machine import UNLIMITED, Given, machine_of, with_workers_of
from cfdist.settings import ClusterSettings


def machine(given: Given | None = None, **settings):
    return machine_of(ClusterSettings(**settings), REFERENCE, given)


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
    assert (found.gpus, found.gpu_memory_bytes) == (1, 80 * 10**9)
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
