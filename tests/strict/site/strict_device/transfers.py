"""The explicit ways between host and device."""

from typing import Any

import numpy as np

from strict_device import counting
from strict_device.array import DTYPES, ndarray, on_device
from strict_device.errors import StrictDeviceError
from strict_device.wrapping import is_device, is_host


def array(
    obj: Any,
    dtype: Any = None,
    copy: bool = True,
    order: str = "K",
    subok: bool = False,
    ndmin: int = 0,
    *,
    blocking: bool = False,
) -> ndarray:
    """A new device array."""
    made = asarray(obj, dtype, order, copy=copy)
    missing = ndmin - made.ndim
    return made if missing <= 0 else on_device(made._strict_host[(None,) * missing])


def asarray(
    a: Any, dtype: Any = None, order: str | None = None, *, copy: Any = None, blocking: bool = False
) -> ndarray:
    """A device array; no copy of what is one."""
    a = getattr(a, "_strict_shared", a)
    if is_device(a):
        same = np.array(a._strict_host, dtype=dtype, order=order or "K", copy=copy or None)
        return a if same is a._strict_host else on_device(same)
    if is_host(a) and not isinstance(a, np.ndarray):
        raise StrictDeviceError(
            f"cupy.asarray of a {type(a).__name__}; make it a NumPy array first"
        )
    if isinstance(a, list | tuple) and any(is_device(one) for one in a):
        return on_device(np.array([one._strict_host for one in a], dtype=dtype))
    host = np.array(a, dtype=dtype, order=order or "K")
    if host.dtype.char not in DTYPES:
        raise ValueError(f"Unsupported dtype {host.dtype}")
    counting.count("to_device", host.nbytes)
    return on_device(host)


def asnumpy(
    a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True
) -> np.ndarray:
    """A NumPy array; no copy of what is one."""
    if is_device(a):
        return a.get(stream, order, out, blocking)
    return np.asarray(a, order=order)
