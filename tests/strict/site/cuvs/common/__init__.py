"""A stand-in for cuvs.common."""

from strict_device.handles import CUVS as _OWN
from strict_device.serving import served as _served

__getattr__, __dir__ = _served("cuvs.common", _OWN)
