"""A stand-in for cudf: pandas with columns of Arrow."""

from strict_device.frame_files import OWN as _OWN
from strict_device.serving import served as _served

__getattr__, __dir__ = _served("cudf", _OWN)
