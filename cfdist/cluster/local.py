"""This machine: one worker inside the process, or N worker processes."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import dask
from dask.system import CPU_COUNT
from dask.utils import parse_bytes
from distributed import Client, Nanny, Scheduler, SpecCluster, Worker
from threadpoolctl import threadpool_limits

from cfdist.cluster.plugins import register_plugins
from cfdist.errors import ClusterError, ConfigError
from cfdist.plan.constants import MIN_WORKER_BYTES
from cfdist.settings import ClusterSettings

LOOPBACK = "127.0.0.1"


@contextmanager
def open_local(settings: ClusterSettings) -> Iterator[Client]:
    """A cluster on loopback.

    Notes
    -----
    In process: all threads in one worker, 0.05 s to start and next to no memory, against 0.8 s
    and 130 MB more for two processes. BLAS runs one thread meanwhile: parallelism is Dask's, and
    another number of BLAS threads gives other bits.

    ``LocalCluster`` is not used because its workers listen on every interface unless they load
    bokeh, which costs 0.4 s.
    """
    _require_memory(settings)
    with dask.config.set(_settings_of(settings)), _blas_limit(settings):
        try:
            cluster = SpecCluster(**_specification(settings))
        except (OSError, RuntimeError, ValueError) as error:
            raise ClusterError(
                f"the local cluster did not start: {error}",
                remedy='in a script, call it below `if __name__ == "__main__":`; '
                "see cluster.* in the settings",
            ) from error
        with cluster, Client(cluster, timeout=settings.timeout_s) as client:
            register_plugins(client)
            yield client


def _require_memory(settings: ClusterSettings) -> None:
    """A worker with less pauses for ever above 80 % of it, without an error."""
    if settings.memory_limit == "auto":
        return
    try:
        limit = parse_bytes(settings.memory_limit)
    except ValueError as error:
        raise ConfigError(f"cluster.memory_limit: {error}", remedy="write it as 4GB") from None
    if limit < MIN_WORKER_BYTES:
        raise ConfigError(
            f"cluster.memory_limit = {settings.memory_limit} is less than a worker needs, 1GB",
            remedy="raise it, or use fewer --workers",
        )


def _specification(settings: ClusterSettings) -> dict[str, Any]:
    """Scheduler and workers as ``SpecCluster`` takes them."""
    n_workers = settings.workers or 1
    shared = {
        "protocol": "tcp://" if settings.workers else "inproc://",
        "dashboard": settings.dashboard,
    }
    if settings.workers:
        shared["host"] = LOOPBACK
    worker = {
        "nthreads": settings.threads or max(1, CPU_COUNT // n_workers),
        "memory_limit": settings.memory_limit,
        "dashboard_address": f"{LOOPBACK}:0",
        "silence_logs": logging.CRITICAL,  # errors reach the user through the client
    }
    scheduler = {"dashboard_address": f"{LOOPBACK}:{_port(settings)}", "port": 0}
    kind = Nanny if settings.workers else Worker
    return {
        "scheduler": {"cls": Scheduler, "options": shared | scheduler},
        "workers": {i: {"cls": kind, "options": shared | worker} for i in range(n_workers)},
        "silence_logs": logging.CRITICAL,
    }


def _port(settings: ClusterSettings) -> int:
    """The wanted port of the dashboard, or 0, any free one, when it is taken or not wanted."""
    if not settings.dashboard:
        return 0
    with socket.socket() as probe:
        taken = probe.connect_ex((LOOPBACK, settings.dashboard_port)) == 0
    return 0 if taken else settings.dashboard_port


def _blas_limit(settings: ClusterSettings) -> Any:
    if settings.workers:
        return nullcontext()
    import numpy  # noqa: F401  (its BLAS must be loaded to be limited)
    import scipy.linalg  # noqa: F401

    return threadpool_limits(1, user_api="blas")


def _settings_of(settings: ClusterSettings) -> dict[str, Any]:
    return {
        "distributed.comm.timeouts.connect": settings.timeout_s,
        "distributed.scheduler.no-workers-timeout": "300s",
        "distributed.dashboard.link": f"http://{LOOPBACK}:{{port}}/status",
        "distributed.admin.large-graph-warning-threshold": "100MB",
    }
