"""A stand-in for cupy.cuda.runtime."""

from strict_device.devices import RUNTIME as _OWN
from strict_device.serving import served as _served

__getattr__, __dir__ = _served("cupy.cuda.runtime", _OWN)
