"""A stand-in for pylibraft.common."""

from strict_device.handles import RAFT as _OWN
from strict_device.serving import served as _served

__getattr__, __dir__ = _served("pylibraft.common", _OWN)
