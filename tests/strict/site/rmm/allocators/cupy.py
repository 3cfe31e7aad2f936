"""A stand-in for rmm.allocators.cupy."""

from strict_device.rapids_memory import CUPY as _OWN
from strict_device.serving import served as _served

__getattr__, __dir__ = _served("rmm.allocators.cupy", _OWN)
