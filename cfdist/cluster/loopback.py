"""What clusters on this machine share: everything listens on loopback, and a worker has room."""

import socket
from typing import Any

from dask.utils import parse_bytes

from cfdist.errors import ConfigError
from cfdist.plan.constants import MIN_WORKER_BYTES
from cfdist.settings import ClusterSettings

LOOPBACK = "127.0.0.1"


def require_memory(settings: ClusterSettings) -> None:
    """Refuse a worker that would pause for ever above 80 % of its memory, without an error.

    Raises
    ------
    ConfigError
        ``cluster.memory_limit`` is no size, or less than a worker needs.
    """
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


def dashboard_port(settings: ClusterSettings) -> int:
    """The wanted port of the dashboard, or 0, any free one, when it is taken or not wanted."""
    if not settings.dashboard:
        return 0
    with socket.socket() as probe:
        taken = probe.connect_ex((LOOPBACK, settings.dashboard_port)) == 0
    return 0 if taken else settings.dashboard_port


def dask_settings(settings: ClusterSettings) -> dict[str, Any]:
    """Dask's own settings while a cluster of ours is open."""
    return {
        "distributed.comm.timeouts.connect": settings.timeout_s,
        "distributed.scheduler.no-workers-timeout": "300s",
        "distributed.dashboard.link": f"http://{LOOPBACK}:{{port}}/status",
        "distributed.admin.large-graph-warning-threshold": "100MB",
    }
