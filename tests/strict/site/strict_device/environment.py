"""What the environment says about the device that is stood in for."""

import os

from strict_device.errors import CUDARuntimeError

NOMINAL_BYTES = 64 * 10**9


def budget() -> int:
    """Bytes of device memory."""
    return int(os.environ.get("CFDIST_STRICT_BUDGET", NOMINAL_BYTES))


def n_devices() -> int:
    """How many devices there are."""
    return int(os.environ.get("CFDIST_STRICT_DEVICES", "1"))


def check_device() -> None:
    """Raise as CUDA does where there is no device."""
    if not n_devices():
        raise CUDARuntimeError


def seed() -> int:
    """Of the noise in the last bit."""
    return int(os.environ.get("CFDIST_STRICT_SEED", "0"))
