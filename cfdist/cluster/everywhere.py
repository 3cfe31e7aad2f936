"""One question to every worker, with an end."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Any, Final, TypeVar

from distributed import Client, Future, wait

from cfdist.errors import CfdistError, ClusterError, ConfigError

LOOK_SECONDS: Final = 1.0
NAMED_AT_MOST: Final = 3
Answer = TypeVar("Answer")


def ask_workers(
    client: Client, task: Callable[..., Answer], *args: Any, timeout_s: float
) -> dict[str, Answer]:
    """What ``task(*args)`` returns on each worker, by address.

    Raises
    ------
    ClusterError
        There is no worker, one died, or one does not answer within ``timeout_s`` seconds.
    CfdistError
        What the task raised, with the address of its worker.

    Notes
    -----
    A task that is pinned to a worker that dies waits for ever, as a nanny starts it again under
    another address; so it is looked for, the time is limited, and nothing else is pinned.
    """
    run = uuid.uuid4().hex
    futures = {
        address: client.submit(task, *args, key=f"ask-{i}-{run}", workers=[address], pure=False)
        for i, address in enumerate(sorted(client.nthreads()))
    }
    if not futures:
        raise ClusterError("the cluster has no workers", remedy="start some")
    try:
        _wait(client, futures, timeout_s)
    finally:
        pending = [future for future in futures.values() if not future.done()]
        if pending:
            client.cancel(pending, force=True)
    return {address: _answer(address, future) for address, future in futures.items()}


def named(addresses: Sequence[str]) -> str:
    """The first few addresses, and how many more there are.

    Examples
    --------
    >>> named(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = len(addresses) - NAMED_AT_MOST
    return ", ".join(addresses[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def _wait(client: Client, futures: Mapping[str, Future], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while silent := [address for address, future in futures.items() if not future.done()]:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ClusterError(
                f"{named(silent)}: no answer within {timeout_s:g} s",
                remedy="look into the log of that worker: it is busy, or paused for its memory",
            )
        with suppress(TimeoutError):
            wait([futures[address] for address in silent], timeout=min(left, LOOK_SECONDS))
        gone = [a for a in silent if not futures[a].done() and a not in client.nthreads()]
        if gone:
            raise ClusterError(
                f"{named(gone)} died before it answered",
                remedy="look into the log of that worker: it crashed, or ran out of memory",
            )


def _answer(address: str, future: Future) -> Any:
    if future.status == "finished":
        return future.result()
    error = None if future.cancelled() else future.exception()
    if isinstance(error, ModuleNotFoundError):
        raise ConfigError(
            f"{address}: {error}",
            remedy=f"install cfdist {version('cfdist')} where the workers run",
        ) from error
    if isinstance(error, CfdistError):
        raise type(error)(f"{address}: {error.message}", remedy=error.remedy) from error
    raise ClusterError(
        f"{address} gave no answer: {type(error).__name__}: {error}",
        remedy="look into the log of that worker, and restart it",
    ) from error
