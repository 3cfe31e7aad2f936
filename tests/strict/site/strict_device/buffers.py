"""`pylibraft.common.device_ndarray`, what cuVS returns; cupy.asarray shares its memory."""

from typing import Any

import numpy as np

from strict_device import counting
from strict_device.array import ndarray, on_device
from strict_device.errors import StrictDeviceError


class device_ndarray:  # noqa: N801
    """An array on the device that can only be handed on."""

    __array_ufunc__ = None

    def __init__(self, np_ndarray: np.ndarray) -> None:
        counting.count("to_device", np_ndarray.nbytes)
        self._strict_shared = on_device(np.array(np_ndarray))

    @classmethod
    def _of(cls, shared: ndarray) -> "device_ndarray":
        made = object.__new__(cls)
        made._strict_shared = shared
        return made

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self._strict_shared.shape

    @property
    def dtype(self) -> np.dtype:
        """Its type."""
        return self._strict_shared.dtype

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return self._strict_shared.__cuda_array_interface__

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        raise StrictDeviceError("implicit conversion of a device array to NumPy; use cupy.asarray")

    def __iter__(self) -> Any:
        raise StrictDeviceError("iterating a device array")

    def copy_to_host(self) -> np.ndarray:
        """A NumPy array."""
        return self._strict_shared.get()


def shared(thing: Any) -> Any:
    """The cupy array of anything on the device; other things as they are."""
    return getattr(thing, "_strict_shared", thing)
