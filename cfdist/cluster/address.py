"""A scheduler that somebody else started."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from distributed import Client
from distributed.comm import connect
from distributed.security import Security

from cfdist.cluster.plugins import register_plugins
from cfdist.errors import ClusterError, ConfigError
from cfdist.settings import ClusterSettings


@contextmanager
def open_address(settings: ClusterSettings) -> Iterator[Client]:
    """A client of the scheduler at ``settings.address``.

    Raises
    ------
    ClusterError
        No answer within ``settings.timeout_s`` seconds, or no worker.
    """
    try:
        _require_answer(settings)
        client = Client(settings.address, timeout=settings.timeout_s)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"no scheduler answers at {settings.address} within {settings.timeout_s:g} s",
            remedy="start one with `dask scheduler --host 127.0.0.1`, or check the address",
        ) from error
    except TypeError as error:
        if not settings.address.startswith("tls://"):
            raise
        raise ConfigError(
            f"{settings.address}: {error}", remedy="set distributed.comm.tls in Dask's settings"
        ) from error
    with client:
        _require_workers(client, settings)
        register_plugins(client)
        yield client


def _require_answer(settings: ClusterSettings) -> None:
    """Shake hands once: `Client` waits for ever for what takes a connection and says nothing."""
    with ThreadPoolExecutor(1) as pool:  # a notebook's thread has a running loop already
        pool.submit(asyncio.run, _shake_hands(settings)).result()


async def _shake_hands(settings: ClusterSettings) -> None:
    security = Security().get_connection_args("client")
    greeting = connect(settings.address, timeout=settings.timeout_s, **security)
    comm = await asyncio.wait_for(greeting, settings.timeout_s)
    await comm.close()


def _require_workers(client: Client, settings: ClusterSettings) -> None:
    try:
        client.wait_for_workers(1, timeout=settings.timeout_s)
    except TimeoutError as error:
        raise ClusterError(
            f"the scheduler at {settings.address} has no workers",
            remedy=f"start some with `dask worker {settings.address}`",
        ) from error
