"""The engine of the stand-ins: device arrays that are NumPy's, and refuse what a device does."""

from strict_device.call_log import calls, write_calls
from strict_device.counting import Counts, counts
from strict_device.device_memory import Memory, memory
from strict_device.errors import StrictDeviceError
from strict_device.resetting import reset

__all__ = [
    "Counts",
    "Memory",
    "StrictDeviceError",
    "calls",
    "counts",
    "memory",
    "reset",
    "write_calls",
]
