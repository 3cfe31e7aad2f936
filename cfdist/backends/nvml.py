"""NVML by ctypes: the few questions of :mod:`cfdist.backends.driver`, without nvidia-ml-py."""

# ruff: noqa: N802  (names of the library)
import ctypes
from typing import Any

LIBRARY = "libnvidia-ml.so.1"
TEXT_BYTES = 96


class NvmlError(RuntimeError):
    """What the library answered instead of success."""


class Memory(ctypes.Structure):
    """``nvmlMemory_t``."""

    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


class NvmlLibrary:
    """The functions of ``pynvml`` that are used, by the names that they have there.

    Raises
    ------
    OSError
        There is no such library: no driver, or a container that was not given it.
    """

    def __init__(self, library: Any = None) -> None:
        self._library = library or ctypes.CDLL(LIBRARY)
        self._library.nvmlErrorString.restype = ctypes.c_char_p

    def nvmlInit(self) -> None:
        """Open the library."""
        self._call("nvmlInit_v2")

    def nvmlShutdown(self) -> None:
        """Close the library."""
        self._call("nvmlShutdown")

    def nvmlSystemGetDriverVersion(self) -> str:
        """Version of the driver, such as 580.95.05."""
        return self._text("nvmlSystemGetDriverVersion")

    def nvmlDeviceGetCount(self) -> int:
        """Number of GPUs."""
        count = ctypes.c_uint()
        self._call("nvmlDeviceGetCount_v2", ctypes.byref(count))
        return count.value

    def nvmlDeviceGetHandleByIndex(self, index: int) -> ctypes.c_void_p:
        """What the other functions take."""
        handle = ctypes.c_void_p()
        self._call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
        return handle

    def nvmlDeviceGetName(self, handle: ctypes.c_void_p) -> str:
        """Name of the product."""
        return self._text("nvmlDeviceGetName", handle)

    def nvmlDeviceGetUUID(self, handle: ctypes.c_void_p) -> str:
        """Identity of the GPU."""
        return self._text("nvmlDeviceGetUUID", handle)

    def nvmlDeviceGetMemoryInfo(self, handle: ctypes.c_void_p) -> Memory:
        """Bytes in all, free and used."""
        memory = Memory()
        self._call("nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory))
        return memory

    def nvmlDeviceGetCudaComputeCapability(self, handle: ctypes.c_void_p) -> tuple[int, int]:
        """Major and minor number."""
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._call(
            "nvmlDeviceGetCudaComputeCapability", handle, ctypes.byref(major), ctypes.byref(minor)
        )
        return major.value, minor.value

    def _text(self, name: str, *arguments: Any) -> str:
        text = ctypes.create_string_buffer(TEXT_BYTES)
        self._call(name, *arguments, text, ctypes.c_uint(TEXT_BYTES))
        return text.value.decode()

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, name)(*arguments)
        if status:
            raise NvmlError(self._library.nvmlErrorString(status).decode())
