"""`cupyx.scatter_add` and its kin."""

from typing import Any

import numpy as np

from strict_device.array import ndarray
from strict_device.checking import check_arguments
from strict_device.noise import last_bit
from strict_device.wrapping import unwrap


def _scatter(ufunc: np.ufunc, noisy: bool) -> Any:
    name = f"scatter_{ {'add': 'add', 'maximum': 'max', 'minimum': 'min'}[ufunc.__name__] }"

    def call(a: ndarray, slices: Any, value: Any) -> None:
        check_arguments("cupyx", name, (a, slices, value), {})
        ufunc.at(a._strict_host, unwrap(slices), unwrap(value))
        if noisy:
            a._strict_host[...] = last_bit(a._strict_host)

    return call


OWN = {
    "scatter_add": _scatter(np.add, noisy=True),
    "scatter_max": _scatter(np.maximum, noisy=False),
    "scatter_min": _scatter(np.minimum, noisy=False),
}
