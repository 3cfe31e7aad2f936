"""What the stand-ins raise."""


class StrictDeviceError(TypeError):
    """Something that fails on a device, or moves data without saying so."""


class NotServedError(AttributeError, NotImplementedError):
    """The real package has it, the stand-in does not have it yet."""


class OutOfMemoryError(MemoryError):
    """Device memory is used up; `cupy.cuda.memory.OutOfMemoryError`."""

    def __init__(self, size: int, total: int, limit: int = 0) -> None:
        super().__init__(
            f"Out of memory allocating {size:,} bytes "
            f"(allocated so far: {total:,} bytes, limit set to: {limit:,} bytes)."
        )


class CUDARuntimeError(RuntimeError):
    """No device; `cupy.cuda.runtime.CUDARuntimeError`."""

    def __init__(self, status: int = 100) -> None:
        self.status = status
        super().__init__("cudaErrorNoDevice: no CUDA-capable device is detected")


OutOfMemoryError.__module__ = "cupy.cuda.memory"
CUDARuntimeError.__module__ = "cupy_backends.cuda.api.runtime"
