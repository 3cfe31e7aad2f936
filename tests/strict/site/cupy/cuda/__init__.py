"""A stand-in for cupy.cuda."""

from strict_device import devices as _devices
from strict_device import memory_pool as _memory_pool
from strict_device.serving import served as _served

from cupy.cuda import memory, runtime  # noqa: F401

__getattr__, __dir__ = _served("cupy.cuda", {**_devices.CUDA, **_memory_pool.CUDA})
