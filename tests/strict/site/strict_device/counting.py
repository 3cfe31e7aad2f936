"""Transfers and synchronisations of this process."""

from threading import Lock
from typing import NamedTuple


class Counts(NamedTuple):
    """What happened since the start or the last reset."""

    to_device: int = 0
    to_device_bytes: int = 0
    to_host: int = 0
    to_host_bytes: int = 0
    peer: int = 0
    peer_bytes: int = 0
    syncs: int = 0


_counted = dict.fromkeys(Counts._fields, 0)
_lock = Lock()


def counts() -> Counts:
    """The counts so far."""
    return Counts(**_counted)


def count(what: str, n_bytes: int = 0) -> None:
    """Count one transfer in the direction ``what``, or one of ``"syncs"``."""
    with _lock:
        _counted[what] += 1
        if what != "syncs":
            _counted[f"{what}_bytes"] += n_bytes


def clear() -> None:
    """Count from zero."""
    _counted.update(Counts()._asdict())
