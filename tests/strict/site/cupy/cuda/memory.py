"""A stand-in for cupy.cuda.memory."""

from strict_device.memory_pool import MEMORY as _OWN
from strict_device.serving import served as _served

__getattr__, __dir__ = _served("cupy.cuda.memory", _OWN)
