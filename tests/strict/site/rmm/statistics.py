"""A stand-in for rmm.statistics."""

from strict_device.serving import served as _served
from strict_device.statistics import OWN as _OWN

__getattr__, __dir__ = _served("rmm.statistics", _OWN)
