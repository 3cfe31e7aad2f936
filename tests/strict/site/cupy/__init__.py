"""A stand-in for cupy: NumPy underneath, strict about what a device refuses."""

import numpy as _numpy
from strict_device import memory_pool as _memory_pool
from strict_device.functions import OWN as _OWN
from strict_device.serving import served as _served

from cupy import cuda, linalg, random  # noqa: F401

__getattr__, __dir__ = _served("cupy", {**_OWN, **_memory_pool.OWN}, _numpy)

from strict_device import moving as _moving  # noqa: E402

_moving.register()
