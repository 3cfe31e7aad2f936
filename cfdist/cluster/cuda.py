"""The GPUs of this machine: one worker process for each."""

import importlib.util
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dask
from distributed import Client

from cfdist.backends.device_errors import device_error
from cfdist.backends.driver import Gpu
from cfdist.backends.machine import Machine, read_machine
from cfdist.backends.requirements import require_gpu
from cfdist.cluster.device_sizes import require_pool, size_of
from cfdist.cluster.loopback import LOOPBACK, dashboard_port, dask_settings, require_memory
from cfdist.cluster.plugins import register_plugins
from cfdist.errors import CfdistError, ClusterError, ConfigError
from cfdist.settings import ClusterSettings

UCX = "distributed_ucxx"


@contextmanager
def open_cuda(
    settings: ClusterSettings, *, read: Callable[..., Machine] = read_machine
) -> Iterator[Client]:
    """A client of a `dask_cuda.LocalCUDACluster` on loopback, every device of it proved.

    Parameters
    ----------
    settings : ClusterSettings
        Which GPUs, how much of their memory, over what workers talk.
    read : callable
        The reader of the machine.

    Raises
    ------
    DeviceError
        No driver, no GPU, RAPIDS not installed or not with versions that go together; a device
        computes something else than it should.
    ConfigError
        A setting names a GPU, a size or a protocol that is not there.
    ResourceError
        A GPU has less memory free than the pool takes.
    ClusterError
        The workers did not start.

    Notes
    -----
    Workers keep what they spill below Dask's ``temporary-directory``.
    """
    _refuse_cpu_settings(settings)
    require_memory(settings)
    machine = read(settings.gpus, cluster=True)
    require_gpu(machine)
    _require_gpus(machine)
    _require_protocol(settings)
    require_pool(settings, machine.gpus)
    options = options_of(settings, machine.gpus)
    with (
        dask.config.set(dask_settings(settings)),
        _started(options) as cluster,
        Client(cluster, timeout=settings.timeout_s) as client,
    ):
        register_plugins(client)
        _require_devices(client, settings)
        yield client


def options_of(settings: ClusterSettings, gpus: Sequence[Gpu] = ()) -> dict[str, Any]:
    """What `dask_cuda.LocalCUDACluster` is called with.

    Parameters
    ----------
    gpus : sequence of Gpu
        Those that are used; shares of their memory become bytes. Without them, shares stay.

    Notes
    -----
    One thread: two tasks at once on a GPU double the memory at the peak and gain nothing. CuPy
    allocates from the pool, or it would keep a second one beside it. Workers get a dashboard of
    their own, for without one dask's worker listens on every interface.
    """
    return {
        "CUDA_VISIBLE_DEVICES": _visible(settings, gpus),
        "threads_per_worker": 1,
        "memory_limit": settings.memory_limit,
        "device_memory_limit": size_of(settings, "device_memory_limit", gpus),
        "enable_cudf_spill": True,
        "rmm_pool_size": size_of(settings, "rmm_pool_size", gpus),
        "rmm_allocator_external_lib_list": ["cupy"],
        "protocol": settings.protocol,
        "resources": {"GPU": 1},
        "host": LOOPBACK,
        "dashboard_address": f"{LOOPBACK}:{dashboard_port(settings)}",
        "worker_dashboard_address": f"{LOOPBACK}:0",
        "scheduler_kwargs": {"dashboard": settings.dashboard},
        "silence_logs": logging.CRITICAL,  # errors reach the user through the client
    }


@contextmanager
def _started(options: dict[str, Any]) -> Iterator[Any]:
    """The cluster with all of its workers, or why it has not got them."""
    from dask_cuda import LocalCUDACluster

    try:
        cluster = LocalCUDACluster(**options)
    except Exception as error:  # NVML, RMM and CUDA have errors of their own, and none in common
        raise _not_started(error) from error
    with cluster:
        for worker in list(cluster.workers.values()):
            try:
                cluster.sync(_wait_for, worker)
            except Exception as error:
                raise _not_started(error) from error
        yield cluster


async def _wait_for(worker: Any) -> None:
    """Raise what kept the worker from starting.

    `LocalCUDACluster` scales in the background, where errors are lost: without a look at each
    worker, tasks would wait for ever for workers that are not there.
    """
    await worker


def _not_started(error: BaseException) -> CfdistError:
    """The first cause in our words."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return device_error(cause) or ClusterError(
        f"a worker on a GPU did not start: {type(cause).__name__}: {cause}",
        remedy='in a script, call it below `if __name__ == "__main__":`; '
        "`cfdist doctor --backend gpu` tries each library",
    )


def _require_devices(client: Client, settings: ClusterSettings) -> None:
    from cfdist.cluster.devices import require_devices

    require_devices(client, settings)


def _refuse_cpu_settings(settings: ClusterSettings) -> None:
    """One worker per GPU and one thread each: nothing else is safe for its memory."""
    for name in ("workers", "threads"):
        if getattr(settings, name):
            raise ConfigError(
                f"cluster.{name} has no effect on cuda: one worker per GPU, one thread each",
                remedy="leave it out; cluster.gpus says which GPUs are used",
            )


def _require_gpus(machine: Machine) -> None:
    """Every GPU that is named is there, once: CUDA itself leaves out, in silence, what is not."""
    words = _words(machine.hidden)
    if len(set(words)) < len(words):
        raise ConfigError(f"{machine.hidden!r} names a GPU twice", remedy="name each of them once")
    if len(words) > len(machine.gpus):
        missing, there = words[len(machine.gpus)], len(machine.driver.gpus)
        raise ConfigError(
            f"{machine.hidden!r} names the GPU {missing!r}, and this machine has {there}",
            remedy="set cluster.gpus or CUDA_VISIBLE_DEVICES to numbers that nvidia-smi -L shows",
        )


def _visible(settings: ClusterSettings, gpus: Sequence[Gpu]) -> list[str] | None:
    """The named GPUs; None leaves them to ``CUDA_VISIBLE_DEVICES``, and that leaves all.

    Notes
    -----
    NVML takes identities in full alone, and dask-cuda cannot sort numbers among identities.
    """
    words = _words(settings.gpus)
    if len(words) == len(gpus) and not all(word.isdecimal() for word in words):
        words = [gpu.uuid for gpu in gpus]
    return words or None


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _require_protocol(settings: ClusterSettings) -> None:
    if settings.protocol == "ucx" and importlib.util.find_spec(UCX) is None:
        raise ConfigError(
            "cluster.protocol = ucx needs distributed-ucxx, which is not installed",
            remedy="pip install 'distributed-ucxx-cu12==0.52.*' (or -cu13), or use tcp",
        )
