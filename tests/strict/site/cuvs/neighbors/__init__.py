"""A stand-in for cuvs.neighbors."""

from strict_device.serving import served as _served

from cuvs.neighbors import brute_force, filters  # noqa: F401

__getattr__, __dir__ = _served("cuvs.neighbors", {})
