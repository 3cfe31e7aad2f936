"""Functions of cupy that differ from NumPy's."""

import sys
from types import ModuleType
from typing import Any

import numpy as np

from strict_device import counting, ordering
from strict_device.array import ndarray, on_device
from strict_device.errors import StrictDeviceError
from strict_device.noise import last_bit
from strict_device.transfers import array, asarray, asnumpy
from strict_device.wrapping import is_device, is_host, wrap

POISON = 0xFF  # NaN as floats, -1 as integers: what was in the memory before


def get_array_module(*args: Any) -> ModuleType:
    """The module of cupy where anything is on the device."""
    return sys.modules["cupy"] if any(is_device(one) for one in args) else np


def empty(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    """An array with anything in it."""
    _plain_size("cupy.empty", shape)
    host = np.empty(shape, dtype, order)
    host.reshape(-1, order="A").view(np.uint8)[...] = POISON
    return on_device(host)


def empty_like(
    prototype: Any, dtype: Any = None, order: str = "K", subok: Any = None, shape: Any = None
) -> ndarray:
    """An array with anything in it, shaped as another."""
    like = np.empty_like(_device("cupy.empty_like", prototype), dtype, order, False, shape)
    return empty(like.shape, like.dtype, "F" if like.flags.fnc else "C")


def lexsort(keys: Any) -> ndarray:
    """Indexes that sort by the last row first; one 2-D array."""
    if not is_device(keys) or keys.ndim != 2:
        raise StrictDeviceError("cupy.lexsort takes one 2-D device array, not a tuple of keys")
    return on_device(ordering.lexsort(keys._strict_host))


def sort(a: Any, axis: int | None = -1, kind: str | None = None) -> ndarray:
    """Sorted, always stable."""
    return on_device(ordering.sort(_device("cupy.sort", a), axis, kind))


def argsort(a: Any, axis: int | None = -1, kind: str | None = None) -> ndarray:
    """Indexes that sort, always stable."""
    return on_device(ordering.argsort(_device("cupy.argsort", a), axis, kind))


def partition(a: Any, kth: Any, axis: int | None = -1) -> ndarray:
    """Partitioned, in no order on either side."""
    return on_device(ordering.partition(_device("cupy.partition", a), kth, axis))


def argpartition(a: Any, kth: Any, axis: int | None = -1) -> ndarray:
    """Indexes that sort fully."""
    return on_device(ordering.argpartition(_device("cupy.argpartition", a), kth, axis))


def bincount(x: Any, weights: Any = None, minlength: int | None = None) -> ndarray:
    """Counts, or float64 sums in an order that changes; looking for the longest is a sync."""
    counting.count("syncs")
    host = _device("cupy.bincount", x)
    if weights is None or not host.size:  # integers for no input, whatever the weights are
        return on_device(np.bincount(host, minlength=minlength or 0))
    sums = np.bincount(host, _device("cupy.bincount", weights), minlength or 0)
    return on_device(last_bit(sums))


def nonzero(a: Any) -> tuple[ndarray, ...]:
    """Indexes that are not zero; their number is a sync."""
    counting.count("syncs")
    return tuple(on_device(one) for one in np.nonzero(_device("cupy.nonzero", a)))


def unique(ar: Any, *args: Any, **keywords: Any) -> Any:
    """Sorted unique values; their number is a sync."""
    counting.count("syncs")
    return wrap(np.unique(_device("cupy.unique", ar), *args, **keywords))


def flatnonzero(a: Any) -> ndarray:
    """Indexes that are not zero; their number is a sync."""
    counting.count("syncs")
    return on_device(np.flatnonzero(_device("cupy.flatnonzero", a)))


def _device(where: str, thing: Any) -> np.ndarray:
    if not is_device(thing):
        place = "of the host " if is_host(thing) else ""
        raise StrictDeviceError(f"{where}: {type(thing).__name__} {place}for a device array")
    return thing._strict_host


def _plain_size(where: str, shape: Any) -> None:
    if any(is_device(one) for one in (shape if isinstance(shape, list | tuple) else (shape,))):
        raise StrictDeviceError(f"{where}: a size from the device; take int() of it, a sync")


OWN = {
    "ndarray": ndarray,
    **{
        function.__name__: function
        for function in (
            argpartition, argsort, array, asarray, asnumpy, bincount, empty, empty_like,
            flatnonzero, get_array_module, lexsort, nonzero, partition, sort, unique,
        )
    },
    "asanyarray": asarray,
}  # fmt: skip
