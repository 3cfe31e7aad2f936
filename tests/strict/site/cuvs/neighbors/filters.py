"""A stand-in for cuvs.neighbors.filters."""

from strict_device.brute_force import FILTERS as _OWN
from strict_device.serving import served as _served

__getattr__, __dir__ = _served("cuvs.neighbors.filters", _OWN)
