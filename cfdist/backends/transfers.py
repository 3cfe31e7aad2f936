"""Moving values between host and device: only here, and counted by stage."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

_stage: ContextVar[str] = ContextVar("stage", default="")


@dataclass
class Transfers:
    """What one process has moved.

    Attributes
    ----------
    to_device, to_host : int, arrays
    to_device_bytes, to_host_bytes : int
    peak_bytes : int
        Device memory in use at most, of the process with most.
    """

    to_device: int = 0
    to_device_bytes: int = 0
    to_host: int = 0
    to_host_bytes: int = 0
    peak_bytes: int = 0

    def add(self, other: "Transfers | dict[str, int]") -> None:
        """Add the counts of another process."""
        counts = other if isinstance(other, dict) else asdict(other)
        for name, number in counts.items():
            known = getattr(self, name)
            total = max(known, number) if name == "peak_bytes" else known + number
            setattr(self, name, total)


_counts: dict[str, Transfers] = {}


@contextmanager
def counted_for(stage: str) -> Iterator[None]:
    """What is moved inside counts for that stage."""
    token = _stage.set(stage)
    try:
        yield
    finally:
        _stage.reset(token)


def count(direction: str, nbytes: int) -> None:
    """Count one array that went ``to_device`` or ``to_host``."""
    counts = _counts.setdefault(_stage.get(), Transfers())
    setattr(counts, direction, getattr(counts, direction) + 1)
    name = f"{direction}_bytes"
    setattr(counts, name, getattr(counts, name) + nbytes)


def take(stage: str, peak_bytes: int = 0) -> dict[str, int]:
    """The counts of a stage in this process, which begin at zero again."""
    counts = _counts.pop(stage, Transfers())
    counts.peak_bytes = peak_bytes
    return asdict(counts)


def map_arrays(value: Any, change: Callable[[Any], Any], to_device: bool) -> Any:
    """The value with ``change`` of each array in it, through tuples, lists, dicts, data classes.

    A tuple or data class names in ``on_host`` the fields that are never moved to a device.
    """
    if isinstance(value, dict):
        return {name: map_arrays(item, change, to_device) for name, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        fields = dict(zip(value._fields, value, strict=True))
        return type(value)(**_map_fields(value, fields, change, to_device))
    if type(value) in (list, tuple):
        return type(value)(map_arrays(item, change, to_device) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in dataclasses.fields(value) if field.init)
        fields = {name: getattr(value, name) for name in names}
        return dataclasses.replace(value, **_map_fields(value, fields, change, to_device))
    return change(value)


def _map_fields(
    value: Any, fields: dict[str, Any], change: Callable[[Any], Any], to_device: bool
) -> dict[str, Any]:
    stay = getattr(value, "on_host", ()) if to_device else ()
    return {
        name: item if name in stay else map_arrays(item, change, to_device)
        for name, item in fields.items()
    }
