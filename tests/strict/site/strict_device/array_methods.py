"""Methods of `cupy.ndarray` that differ from NumPy's: transfers, syncs, sorting."""

from collections.abc import Callable
from typing import Any

import numpy as np

from strict_device import counting, ordering, surface
from strict_device.array import PATH, ndarray, on_device
from strict_device.errors import StrictDeviceError
from strict_device.wrapping import is_host


def own(method: Callable[..., Any]) -> Callable[..., Any]:
    """Put a method into the class, under the recorded parameters."""
    name = method.__name__

    def call(self: ndarray, *args: Any, **keywords: Any) -> Any:
        surface.bind(PATH, name, args, keywords)
        return method(self, *args, **keywords)

    setattr(ndarray, name, call)
    return method


@own
def get(
    self: ndarray, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True
) -> np.ndarray:
    counting.count("to_host", self.nbytes)
    if out is None:
        return np.array(self._strict_host, order=order)
    np.copyto(out, self._strict_host)
    return out


@own
def set(self: ndarray, arr: np.ndarray, stream: Any = None) -> None:
    if not is_host(arr):
        raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
    if arr.dtype != self.dtype or arr.shape != self.shape:
        raise TypeError(f"{arr.dtype} {arr.shape} array cannot be set to {self.dtype} {self.shape}")
    counting.count("to_device", arr.nbytes)
    self._strict_host[...] = arr


@own
def tolist(self: ndarray) -> Any:
    counting.count("to_host", self.nbytes)
    return self._strict_host.tolist()


@own
def item(self: ndarray, *args: Any) -> Any:
    return self._synced().item(*args)


@own
def sort(self: ndarray, axis: int = -1, kind: str | None = None) -> None:
    self._strict_host[...] = ordering.sort(self._strict_host, axis, kind)


@own
def argsort(self: ndarray, axis: int = -1, kind: str | None = None) -> ndarray:
    return on_device(ordering.argsort(self._strict_host, axis, kind))


@own
def partition(self: ndarray, kth: Any, axis: int = -1) -> None:
    self._strict_host[...] = ordering.partition(self._strict_host, kth, axis)


@own
def argpartition(self: ndarray, kth: Any, axis: int = -1) -> ndarray:
    return on_device(ordering.argpartition(self._strict_host, kth, axis))


@own
def astype(
    self: ndarray,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    subok: Any = None,
    copy: bool = True,
) -> ndarray:
    changed = self._strict_host.astype(dtype, order=order, casting=casting, copy=copy)
    return self if changed is self._strict_host else on_device(changed)


@own
def toDlpack(self: ndarray) -> Any:  # noqa: N802
    raise StrictDeviceError("the stand-in does not exchange arrays by DLPack")


def device(self: ndarray) -> Any:
    """The device that holds it."""
    from cupy.cuda import Device

    return Device(0)


ndarray.device = property(device)
