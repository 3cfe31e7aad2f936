"""Errors of CUDA libraries in the words of this project.

The libraries are not imported: classes are known by their names, as a client need not have them.
"""

import re

from cfdist.errors import CfdistError, ClusterError, DeviceError, ResourceError

CUDA_CLASSES = frozenset({
    "CUBLASError", "CUDADriverError", "CUDARuntimeError", "CUSOLVERError", "CUSPARSEError",
    "CuSparseError", "CudaRuntimeError", "CuvsException", "NVRTCError", "NVMLError",
    "RaftException",
})  # fmt: skip
"""Names of classes that only errors of a device have: CuPy, RMM, pylibraft, cuVS."""
CUDA_TEXT = re.compile(r"\bcudaError[A-Z]\w+|\bCUDA_ERROR_[A-Z_]+|\bCUDA error\b|\bRMM failure\b")
"""What the C++ libraries write into a plain RuntimeError or MemoryError."""
OUT_OF_MEMORY = re.compile(
    r"out[_ ]of[_ ]memory|cudaErrorMemoryAllocation|bad_alloc|Maximum pool size exceeded"
    r"|CUDA_ERROR_OUT_OF_MEMORY|_ALLOC_FAILED",
    re.IGNORECASE,
)
NO_DRIVER = re.compile(
    r"cudaErrorInsufficientDriver|cudaErrorNoDevice|CUDA_ERROR_NO_DEVICE|SystemDriverMismatch"
    r"|SYSTEM_DRIVER_MISMATCH|cudaErrorNoKernelImageForDevice|CUDA_ERROR_NO_BINARY_FOR_GPU"
    r"|DynamicLibNotFound|NVIDIA driver library|LibraryNotFound"
)
LOST = re.compile(
    r"IllegalAddress|ILLEGAL_ADDRESS|LaunchFailure|LAUNCH_FAILED|ECCUncorrectable|ECC_UNCORRECTABLE"
    r"|DevicesUnavailable|DEVICE_UNAVAILABLE|HardwareStackError|cudaErrorAssert|CUDA_ERROR_ASSERT|NvlinkUncorrectable"
    r"|ContextIsDestroyed|CONTEXT_IS_DESTROYED|cudaErrorUnknown|CUDA_ERROR_UNKNOWN"
    r"|MisalignedAddress|LaunchTimeout|LAUNCH_TIMEOUT|illegal memory access|GpuIsLost|GPU is lost"
    r"|Xid"
)
SENTENCE = 200


def device_error(error: BaseException | None) -> CfdistError | None:
    """The same error with what to do about it, or None where no device is behind it.

    Returns
    -------
    ResourceError
        The memory of the GPU ran out.
    DeviceError
        No driver, or one that does not fit; a library of CUDA failed.
    ClusterError
        The device is lost to the process: only a new process can use it again.

    Notes
    -----
    To be called where the error was raised: a client without CuPy cannot read CuPy's errors.
    """
    if error is None or isinstance(error, CfdistError) or not _is_cuda(error):
        return None
    said = f"{type(error).__name__}: {_first_line(error)}"
    text = f"{type(error).__name__} {error}"
    if OUT_OF_MEMORY.search(text):
        return ResourceError(
            f"the memory of a GPU ran out ({said})",
            remedy="use more GPUs (--gpus 0,1), fewer components (--n-components), or close what "
            "else uses the GPU (nvidia-smi shows it); `cfdist plan` says what the job takes",
        )
    if NO_DRIVER.search(text):
        return DeviceError(
            f"the GPU cannot be used ({said})",
            remedy="`cfdist doctor --backend gpu` says what is missing; `--backend cpu` needs none",
        )
    if LOST.search(text):
        return ClusterError(
            f"a worker lost its GPU ({said})",
            remedy="restart that worker and run the same command again: complete stages are kept",
        )
    return DeviceError(
        f"a CUDA library failed ({said})",
        remedy="`cfdist doctor --backend gpu` tries each of them; `--backend cpu` needs none",
    )


def _is_cuda(error: BaseException) -> bool:
    names = {kind.__name__.split("_")[0] for kind in type(error).__mro__}
    modules = type(error).__module__.partition(".")[0]
    if names & CUDA_CLASSES or modules in {"cupy", "cupy_backends", "rmm", "cuda", "pynvml"}:
        return True
    return isinstance(error, RuntimeError | MemoryError) and bool(CUDA_TEXT.search(str(error)))


def _first_line(error: BaseException) -> str:
    """What C++ puts behind the first line is a stack."""
    line = str(error).partition("\n")[0].strip()
    return line if len(line) <= SENTENCE else f"{line[:SENTENCE]} …"
