"""A stand-in for cupyx.scipy.sparse."""

from strict_device.serving import served as _served
from strict_device.sparse import OWN as _OWN

__getattr__, __dir__ = _served("cupyx.scipy.sparse", _OWN)
