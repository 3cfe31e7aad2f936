"""A stand-in for rmm."""

from strict_device.rapids_memory import OWN as _OWN
from strict_device.serving import served as _served

from rmm import allocators, mr, statistics  # noqa: F401

__getattr__, __dir__ = _served("rmm", _OWN)
