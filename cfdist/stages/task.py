"""A task of a stage, on the worker: arguments brought to where it computes, its value kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cfdist.backends import Backend, get_backend, transfers
from cfdist.backends.device_errors import device_error
from cfdist.stages.checkpoint import Stored, resolved, write_value


class Place(NamedTuple):
    """Where a task computes, and what becomes of its value."""

    backend: str
    on_device: bool
    stage: str
    out_of_core: bool


def run_task(
    task: Callable[..., Any], args: tuple[Any, ...], path: Path | None, place: Place
) -> Any:
    """The task's value, computed where it belongs, and what is kept of it in a checkpoint."""
    with transfers.counted_for(place.stage), _device_errors_told():
        backend = get_backend(place.backend)
        given = resolved(args)
        if place.on_device:
            value = task(backend, *backend.to_device(given))
        else:
            value = task(*backend.to_host(given))
        if path is None:
            return value
        write_value(path, backend.to_host(value))
    return Stored(path) if place.out_of_core else value


@contextmanager
def _device_errors_told() -> Iterator[None]:
    """Errors of a device as ours, here: a client without its libraries cannot read theirs."""
    try:
        yield
    except Exception as error:
        known = device_error(error)
        if known is None:
            raise
        raise known from None


def same(backend: Backend, value: Any) -> Any:
    """The value, on the device."""
    return value


def itself(value: Any) -> Any:
    """The value, on the host."""
    return value


def for_client(backend: str, value: Any) -> Any:
    """The value for a client, which may have no device and none of its libraries."""
    return get_backend(backend).to_host(resolved(value))


def moved_for(backend: str, stage: str) -> dict[str, int]:
    """What this worker moved for a stage, and its device's memory at most."""
    return transfers.take(stage, get_backend(backend).memory(restart_peak=True).peak_bytes)
