"""The only two ways between host and device; both are counted."""

from typing import Any

import cupy
import numpy as np

from cfdist.backends.transfers import count, map_arrays

MOVED_KINDS = "biuf"
"""Kinds of dtype that a device holds."""


def to_device(value: Any) -> Any:
    """The value with every NumPy array in it on the device."""
    return map_arrays(value, _to_device, to_device=True)


def to_host(value: Any) -> Any:
    """The value with every device array in it in NumPy."""
    return map_arrays(value, _to_host, to_device=False)


def _to_device(value: Any) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in MOVED_KINDS:
        return value
    count("to_device", value.nbytes)
    return cupy.asarray(value)


def _to_host(value: Any) -> Any:
    if not isinstance(value, cupy.ndarray):
        return value
    count("to_host", value.nbytes)
    return cupy.asnumpy(value)
