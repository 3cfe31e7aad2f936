"""This machine: one worker inside the process, or N worker processes."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import dask
from distributed import Client, LocalCluster
from threadpoolctl import threadpool_limits

from cfdist.cluster.plugins import register_plugins
from cfdist.config import ClusterSettings
from cfdist.errors import ClusterError

LOOPBACK = "127.0.0.1"


@contextmanager
def open_local(settings: ClusterSettings) -> Iterator[Client]:
    """A cluster on loopback.

    Notes
    -----
    In process: all threads in one worker, 415 MB and 0.03 s to start, against 957 MB and 2 s for
    two processes. BLAS runs one thread meanwhile: parallelism is Dask's, and another number of
    BLAS threads gives other bits.
    """
    with dask.config.set(_settings_of(settings)), _blas_limit(settings):
        try:
            cluster = LocalCluster(**_options(settings))
        except (OSError, RuntimeError, ValueError) as error:
            raise ClusterError(
                f"the local cluster did not start: {error}", remedy="see cluster.* in the settings"
            ) from error
        with cluster, Client(cluster, timeout=settings.timeout_s) as client:
            register_plugins(client)
            yield client


def _options(settings: ClusterSettings) -> dict[str, Any]:
    in_process = settings.workers == 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    n_workers = settings.workers or 1
    threads = settings.threads or max(1, (cores or 1) // n_workers)
    return {
        "n_workers": n_workers,
        "threads_per_worker": threads,
        "processes": not in_process,
        "host": None if in_process else LOOPBACK,
        "memory_limit": settings.memory_limit,
        "dashboard_address": _dashboard(settings),
        "silence_logs": logging.CRITICAL,  # errors reach the user through the client
    }


def _dashboard(settings: ClusterSettings) -> str | None:
    """Loopback at the wanted port, or any free one when it is taken; None without dashboard."""
    if not settings.dashboard:
        return None
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken = probe.connect_ex((LOOPBACK, settings.dashboard_port)) == 0
    return f"{LOOPBACK}:{0 if taken else settings.dashboard_port}"


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
