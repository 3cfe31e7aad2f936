"""The machine that the settings, or the command line, describe."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from dask.system import CPU_COUNT
from dask.utils import parse_bytes
from distributed.system import MEMORY_LIMIT

from cfdist.backends import machine as machines
from cfdist.backends.driver import Gpu
from cfdist.cluster.backend import wanted_backend
from cfdist.cluster.device_sizes import size_of
from cfdist.errors import ConfigError
from cfdist.plan import Machine, Rates
from cfdist.plan.constants import MIN_WORKER_BYTES
from cfdist.settings import ClusterSettings

UNLIMITED = 10**15
"""Bytes of a worker that has no limit: it is never refused."""


@dataclass(frozen=True)
class Given:
    """What the command line says of a machine that is not this one; None: as it is here.

    Attributes
    ----------
    memory : str
        Per worker, such as ``64GB``.
    gpu_memory : str
        Per GPU.
    """

    workers: int | None = None
    threads: int | None = None
    memory: str | None = None
    gpus: int = 0
    gpu_memory: str | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether more is described than this machine's own settings."""
        return self.threads is not None or self.memory is not None


def machine_of(settings: ClusterSettings, rates: Rates, given: Given | None = None) -> Machine:
    """Workers, threads and memory of the cluster that a job would run on.

    Raises
    ------
    ConfigError
        A memory that is no number of bytes.
    """
    given = given or Given()
    workers = settings.workers if given.workers is None else given.workers
    n_workers = max(1, workers)
    threads = given.threads or settings.threads or max(1, CPU_COUNT // n_workers)
    memory = given.memory or settings.memory_limit
    option = "--memory" if given.memory else "--memory-limit"
    if memory == "auto":  # as Dask shares the machine's memory
        limit = int(MEMORY_LIMIT * min(1, threads / CPU_COUNT))
    else:
        limit = to_bytes(memory, option)
        if limit < MIN_WORKER_BYTES:
            raise ConfigError(
                f"{option} = {memory} is less than a worker needs, 1GB",
                remedy="raise it, or use fewer --workers",
            )
    return Machine(workers, threads, limit, rates)


def with_workers_of(machine: Machine, workers: dict[str, dict[str, int]]) -> Machine:
    """The workers of a scheduler: how many, the fewest threads, the least memory.

    Parameters
    ----------
    workers : dict
        As ``client.scheduler_info()["workers"]``: ``nthreads`` and ``memory_limit`` of each, 0
        where a worker has none.
    """
    if not workers:
        return machine
    return replace(
        machine,
        workers=len(workers),
        threads=min(worker["nthreads"] for worker in workers.values()),
        memory_bytes=min(worker["memory_limit"] or UNLIMITED for worker in workers.values()),
    )


def with_devices(
    machine: Machine,
    settings: ClusterSettings,
    given: Given | None = None,
    devices: Mapping[str, Any] | None = None,
) -> Machine:
    """The machine with its GPUs: those of the workers, or those that were described.

    Parameters
    ----------
    devices : mapping, optional
        Worker → anything with ``gpus``, of which each has ``uuid`` and ``total_bytes``: see
        :func:`cfdist.cluster.devices.describe_workers`.

    Notes
    -----
    One worker for each GPU; of GPUs of several sizes the smallest counts, and one that workers
    share is divided among them. `auto` is the GPU where there are some.

    Raises
    ------
    ConfigError
        ``cluster.device_memory_limit`` or a memory is no number of bytes.
    """
    given, wanted = given or Given(), wanted_backend(settings)
    if given.gpus:
        count, memory = given.gpus, to_bytes(given.gpu_memory or "1GB", "--gpu-memory")
        memory = memory if given.gpu_memory else 0
    else:
        count, memory = _smallest(devices or {})
    backend = "gpu" if wanted == "gpu" or (wanted == "auto" and count) else "cpu"
    if backend == "gpu":
        machine = _one_worker_each(machine, count, settings, given)
        count = max(1, count)
    usable = 0
    if memory:
        limit = size_of(settings, "device_memory_limit", [Gpu("", total_bytes=memory)])
        usable = min(memory, int(limit))
    return replace(
        machine, backend=backend, gpus=count, gpu_memory_bytes=memory, gpu_usable_bytes=usable
    )


def _one_worker_each(
    machine: Machine, count: int, settings: ClusterSettings, given: Given
) -> Machine:
    """Workers of the host: those of the cluster `cuda` share the memory of one machine."""
    if settings.address != "cuda":
        return replace(machine, workers=max(machine.workers, count if count > 1 else 0))
    shares = count > 1 and given.memory is None and settings.memory_limit == "auto"
    memory = (
        machine.memory_bytes // count if shares and not machine.workers else machine.memory_bytes
    )
    return replace(machine, workers=max(1, count), threads=1, memory_bytes=memory)


class Here(NamedTuple):
    """A worker of this machine and its GPU."""

    gpus: tuple[Gpu, ...]


def gpus_here(
    settings: ClusterSettings, read: Callable[..., machines.Machine] = machines.read_machine
) -> dict[str, Here]:
    """The GPUs that workers on this machine would have, for :func:`with_devices`.

    Notes
    -----
    None where the CPU is wanted or a scheduler elsewhere has the workers; one without the cluster
    `cuda`, whose workers have one each. The driver is asked; nothing is loaded.
    """
    if wanted_backend(settings) == "cpu" or settings.address not in ("local", "cuda"):
        return {}
    gpus = read(settings.gpus).gpus
    if settings.address == "local":
        gpus = gpus[:1]
    return {f"GPU {number}": Here((gpu,)) for number, gpu in enumerate(gpus)}


def _smallest(devices: Mapping[str, Any]) -> tuple[int, int]:
    """How many workers have a GPU, and the least memory that one of them has of it."""
    gpus = [report.gpus[0] for report in devices.values() if report.gpus]
    sharing = Counter(gpu.uuid for gpu in gpus if gpu.uuid)
    shares = [gpu.total_bytes // max(1, sharing[gpu.uuid]) for gpu in gpus]
    return len(gpus), min(shares, default=0)


def to_bytes(text: str, option: str) -> int:
    """Bytes of a size such as ``8GB``.

    Raises
    ------
    ConfigError
        The text is no size, or not above 0.
    """
    try:
        found = int(parse_bytes(text))
    except ValueError as error:
        raise ConfigError(f"{option}: {error}", remedy="write it as 8GB") from None
    if found <= 0:
        raise ConfigError(f"{option} = {text} is no memory", remedy="write it as 8GB")
    return found
