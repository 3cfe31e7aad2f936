"""A stand-in for rmm.mr."""

from strict_device.rapids_memory import MR as _OWN
from strict_device.serving import served as _served

__getattr__, __dir__ = _served("rmm.mr", _OWN)
