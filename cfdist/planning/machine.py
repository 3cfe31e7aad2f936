"""The machine that the settings, or the command line, describe."""

from dataclasses import dataclass, replace

from dask.system import CPU_COUNT
from dask.utils import parse_bytes
from distributed.system import MEMORY_LIMIT

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
    gpu_memory = to_bytes(given.gpu_memory, "--gpu-memory") if given.gpu_memory else 0
    return Machine(workers, threads, limit, rates, given.gpus, gpu_memory)


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
