"""A stand-in for cupy.random: names without functions, as draws are made on the host."""

from strict_device.serving import served as _served

__getattr__, __dir__ = _served("cupy.random", {})
