"""Between the stand-ins' arrays and NumPy's, and what counts as being on the host."""

import sys
from typing import Any

import numpy as np

from strict_device.errors import StrictDeviceError

HOST_LIBRARIES = ("scipy", "pandas", "pyarrow")
SEQUENCES = (list, tuple)


def is_device(thing: Any) -> bool:
    """Whether it is a device array."""
    return hasattr(type(thing), "_strict_host")


def is_host(thing: Any) -> bool:
    """Whether it is an array, matrix or table on the host; NumPy scalars are not."""
    if isinstance(thing, np.ndarray):
        return True
    return type(thing).__module__.partition(".")[0] in HOST_LIBRARIES and hasattr(thing, "__len__")


def refuse_host(where: str, *things: Any) -> None:
    """Raise where an argument, or an element of one, is on the host."""
    for thing in things:
        if is_host(thing):
            raise StrictDeviceError(
                f"{where}: a {type(thing).__name__} of the host where a device array belongs; "
                "bring it over with cupy.asarray"
            )
        if isinstance(thing, SEQUENCES):
            refuse_host(where, *thing)
        elif isinstance(thing, slice):
            _refuse_device_bounds(where, thing)


def unwrap(thing: Any) -> Any:
    """What NumPy computes with: device arrays anywhere in sequences as arrays."""
    if is_device(thing):
        return thing._strict_host
    if type(thing) in SEQUENCES:
        return type(thing)(unwrap(one) for one in thing)
    return thing


def wrap(result: Any) -> Any:
    """A result of NumPy as it comes from a device: 0-d arrays for scalars, plain tuples."""
    if isinstance(result, np.ndarray | np.generic):
        return sys.modules["strict_device.array"].on_device(np.asarray(result))
    if isinstance(result, tuple):
        return tuple(wrap(one) for one in result)
    return [wrap(one) for one in result] if type(result) is list else result


def _refuse_device_bounds(where: str, bounds: slice) -> None:
    if any(is_device(one) for one in (bounds.start, bounds.stop, bounds.step)):
        raise StrictDeviceError(
            f"{where}: a slice by a device scalar; take int() of it, which is a sync"
        )
