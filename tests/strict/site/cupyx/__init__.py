"""A stand-in for cupyx."""

from strict_device.error_state import OWN as _OWN
from strict_device.scattering import OWN as _SCATTERING
from strict_device.serving import served as _served

__getattr__, __dir__ = _served("cupyx", {**_OWN, **_SCATTERING})

from cupyx import scipy  # noqa: E402, F401
