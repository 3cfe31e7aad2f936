"""A stand-in for cupyx.scipy."""

from cupyx.scipy import sparse  # noqa: F401
