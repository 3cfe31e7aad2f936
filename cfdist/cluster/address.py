"""A scheduler that somebody else started."""

from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client

from cfdist.cluster.plugins import register_plugins
from cfdist.config import ClusterSettings
from cfdist.errors import ClusterError


@contextmanager
def open_address(settings: ClusterSettings) -> Iterator[Client]:
    """A client of the scheduler at ``settings.address``.

    Raises
    ------
    ClusterError
        No answer within ``settings.timeout_s`` seconds, or no worker.
    """
    try:
        client = Client(settings.address, timeout=settings.timeout_s)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"no scheduler answers at {settings.address} within {settings.timeout_s:g} s",
            remedy="start one with `dask scheduler --host 127.0.0.1`, or check the address",
        ) from error
    with client:
        _require_workers(client, settings)
        register_plugins(client)
        yield client


def _require_workers(client: Client, settings: ClusterSettings) -> None:
    try:
        client.wait_for_workers(1, timeout=settings.timeout_s)
    except TimeoutError as error:
        raise ClusterError(
            f"the scheduler at {settings.address} has no workers",
            remedy=f"start some with `dask worker {settings.address}`",
        ) from error
