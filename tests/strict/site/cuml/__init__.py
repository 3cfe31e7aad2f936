"""A stand-in for cuml."""

from strict_device.serving import served as _served
from strict_device.truncated_svd import OWN as _OWN

from cuml import decomposition  # noqa: F401

__getattr__, __dir__ = _served("cuml", _OWN)
