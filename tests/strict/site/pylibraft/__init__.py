"""A stand-in for pylibraft."""

from strict_device.serving import served as _served

__getattr__, __dir__ = _served("pylibraft", {})
