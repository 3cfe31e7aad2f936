# ruff: noqa: N802, N818
"""A stand-in for pynvml: what the driver says of the devices that are stood in for."""

import os
from types import SimpleNamespace

from strict_device import environment


class NVMLError(Exception):
    """No driver, or no such device."""


class NVMLError_LibraryNotFound(NVMLError):  # noqa: N801
    """No driver."""


class NVMLError_NotSupported(NVMLError):  # noqa: N801
    """Not asked of this device."""


def nvmlInit() -> None:
    """Fail where there is no device, as without a driver."""
    if not environment.n_devices():
        raise NVMLError_LibraryNotFound("NVML Shared Library Not Found")


def nvmlShutdown() -> None:
    """Nothing to end."""


def nvmlSystemGetDriverVersion() -> str:
    """Of the driver."""
    return "580.95.05"


def nvmlDeviceGetCount() -> int:
    """How many devices."""
    return environment.n_devices()


def nvmlDeviceGetHandleByIndex(index: int) -> int:
    """A handle, which is the index."""
    if not 0 <= index < environment.n_devices():
        raise NVMLError("Invalid Argument")
    return index


def nvmlDeviceGetName(handle: int) -> str:
    """What the device is called."""
    return "Stand-in for a GPU"


def nvmlDeviceGetUUID(handle: int) -> str:
    """Its name for ever."""
    return f"GPU-00000000-0000-0000-0000-{handle:012d}"


def nvmlDeviceGetMemoryInfo(handle: int) -> SimpleNamespace:
    """Bytes of the budget, or what ``CFDIST_STRICT_NVML`` says, for tests of a tight budget."""
    total = int(os.environ.get("CFDIST_STRICT_NVML", environment.budget()))
    return SimpleNamespace(total=total, free=total, used=0)


def nvmlDeviceGetCudaComputeCapability(handle: int) -> tuple[int, int]:
    """Of an H100."""
    return 9, 0
