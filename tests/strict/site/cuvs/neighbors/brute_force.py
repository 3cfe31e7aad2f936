"""A stand-in for cuvs.neighbors.brute_force."""

from strict_device.brute_force import OWN as _OWN
from strict_device.serving import served as _served

__getattr__, __dir__ = _served("cuvs.neighbors.brute_force", _OWN)
