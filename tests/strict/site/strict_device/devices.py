"""`cupy.cuda`: devices, streams and what the runtime tells."""

from typing import Any

from strict_device import environment
from strict_device.counting import count
from strict_device.device_memory import memory
from strict_device.errors import CUDARuntimeError

CUDA_VERSION = 12090
NAME = b"Stand-in for a GPU"


class Device:
    """`cupy.cuda.Device`; all devices of a process are one."""

    def __init__(self, device: Any = None) -> None:
        environment.check_device()
        self.id = int(device or 0)
        if self.id >= environment.n_devices():
            raise CUDARuntimeError(101)

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def __int__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and other.id == self.id

    def __hash__(self) -> int:
        return self.id

    def use(self) -> "Device":
        """Make it the current one."""
        return self

    def synchronize(self) -> None:
        """Wait for everything."""
        count("syncs")

    @property
    def mem_info(self) -> tuple[int, int]:
        """Free and all bytes."""
        return mem_get_info()

    @property
    def compute_capability(self) -> str:
        """Of an H100."""
        return "90"

    @property
    def pci_bus_id(self) -> str:
        """Where it is."""
        return f"0000:{self.id:02X}:00.0"


class Stream:
    """`cupy.cuda.Stream`; everything has happened already."""

    null: "Stream"
    ptr = 0

    def __init__(self, null: bool = False, non_blocking: bool = False, ptds: bool = False) -> None:
        environment.check_device()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def synchronize(self) -> None:
        """Wait for what is in it."""
        count("syncs")


Stream.null = object.__new__(Stream)


def mem_get_info() -> tuple[int, int]:
    """Free and all bytes of the budget."""
    environment.check_device()
    used = memory()
    return used.budget - used.live, used.budget


def get_device_count() -> int:
    """How many devices, an error where there is none."""
    environment.check_device()
    return environment.n_devices()


def get_device_properties(device: int) -> dict[str, Any]:
    """What cfdist asks of a device."""
    Device(device)
    return {
        "name": NAME,
        "totalGlobalMem": environment.budget(),
        "major": 9,
        "minor": 0,
        "uuid": bytes(range(16)),
        "multiProcessorCount": 132,
        "pciBusID": device,
    }


def driver_get_version() -> int:
    """Of the newest CUDA that the driver knows; 0 without a driver."""
    return CUDA_VERSION if environment.n_devices() else 0


def synchronize() -> None:
    """Wait for everything."""
    count("syncs")


RUNTIME = {
    "CUDARuntimeError": CUDARuntimeError,
    "getDeviceCount": get_device_count,
    "getDevice": lambda: Device().id,
    "setDevice": lambda device: Device(device) and None,
    "getDeviceProperties": get_device_properties,
    "memGetInfo": mem_get_info,
    "runtimeGetVersion": lambda: CUDA_VERSION,
    "driverGetVersion": driver_get_version,
    "deviceSynchronize": synchronize,
    "is_hip": False,
}
CUDA = {
    "Device": Device,
    "Stream": Stream,
    "get_current_stream": lambda device_id=-1: Stream.null,
    "get_device_id": lambda: Device().id,
    "get_local_runtime_version": lambda: CUDA_VERSION,
    "is_available": lambda: environment.n_devices() > 0,
}
