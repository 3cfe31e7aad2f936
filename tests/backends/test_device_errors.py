import pickle

import pytest
from strict.installing import strict_packages

from cfdist.backends.device_errors import device_error
from cfdist.errors import ClusterError, DataError, DeviceError, ResourceError


def kind(name, module="cupy_backends.cuda.api.runtime", base=RuntimeError):
    """A class as the library has it."""
    return type(name, (base,), {"__module__": module})


CUDA = kind("CUDARuntimeError")
RMM_POOL = "std::bad_alloc: out_of_memory: RMM failure at: pool.hpp:257: Maximum pool size exceeded"
RAFT = "CUDA error encountered at: file=knn.cuh line=3: call='sync', Reason=cudaErrorLaunchFailure"

KNOWN = {
    "cupy memory": (
        kind("OutOfMemoryError", "cupy.cuda.memory", MemoryError)("Out of memory allocating 8 B"),
        ResourceError,
    ),
    "cuda memory": (CUDA("cudaErrorMemoryAllocation: out of memory"), ResourceError),
    "rmm pool": (MemoryError(RMM_POOL), ResourceError),
    "cublas memory": (kind("CUBLASError")("CUBLAS_STATUS_ALLOC_FAILED"), ResourceError),
    "cuvs memory": (kind("CuvsException", "cuvs.common.exceptions", Exception)(RMM_POOL),
                    ResourceError),
    "no driver": (
        CUDA("cudaErrorInsufficientDriver: CUDA driver version is insufficient"), DeviceError,
    ),
    "no library": (
        kind("DynamicLibNotFoundError", "cuda.pathfinder._dynamic_libs.load_dl_common")('"cuda"'),
        DeviceError,
    ),
    "no kernel": (CUDA("cudaErrorNoKernelImageForDevice: no kernel image"), DeviceError),
    "illegal address": (CUDA("cudaErrorIllegalAddress: an illegal memory access"), ClusterError),
    "driver api": (
        kind("CUDADriverError")("CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access"),
        ClusterError,
    ),
    "memory is broken": (CUDA("cudaErrorECCUncorrectable: uncorrectable ECC error"), ClusterError),
    "raft": (RuntimeError(RAFT), ClusterError),
    "nvml": (kind("NVMLError_GpuIsLost", "pynvml", Exception)("GPU is lost"), ClusterError),
    "other": (kind("CUSOLVERError")("CUSOLVER_STATUS_INTERNAL_ERROR"), DeviceError),
}  # fmt: skip


@pytest.mark.parametrize(("error", "wanted"), KNOWN.values(), ids=KNOWN)
def test_errors_of_a_device_are_typed_with_a_remedy(error, wanted):
    told = device_error(error)
    assert type(told) is wanted
    assert type(error).__name__ in told.message
    assert told.remedy
    assert str(pickle.loads(pickle.dumps(told))) == str(told)


@pytest.mark.parametrize(
    "error",
    [
        None,
        MemoryError(),
        MemoryError("std::bad_alloc"),  # of the host
        RuntimeError("out of memory"),
        ValueError("cudaErrorIllegalAddress"),
        DataError("cudaErrorIllegalAddress"),
        KeyError("inner"),
        kind("OutOfMemoryError", "duckdb", Exception)("failed to allocate"),
    ],
)
def test_other_errors_stay_as_they_are(error):
    assert device_error(error) is None


def test_only_the_first_line_is_told():
    told = device_error(CUDA("cudaErrorUnknown: " + "x" * 500 + "\n#1 in libcuvs_c.so"))
    assert "libcuvs_c" not in told.message
    assert told.message.endswith("…)")
    assert len(told.message) < 300


def test_memory_names_what_to_change():
    remedy = device_error(CUDA("cudaErrorMemoryAllocation")).remedy
    assert "--gpus" in remedy
    assert "--n-components" in remedy


def test_memory_of_a_device_that_runs_out():
    with strict_packages(budget=10**6):
        import cupy

        with pytest.raises(MemoryError) as caught:
            cupy.zeros(10**6)
    assert isinstance(device_error(caught.value), ResourceError)
