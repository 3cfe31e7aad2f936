"""A stand-in for cuml.decomposition."""

from strict_device.serving import served as _served
from strict_device.truncated_svd import OWN as _OWN

__getattr__, __dir__ = _served("cuml.decomposition", _OWN)
