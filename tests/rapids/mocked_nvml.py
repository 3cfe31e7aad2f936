"""NVML as on a machine with GPUs, for a real `LocalCUDACluster` where there is none.

Only this process believes in the GPUs. Worker processes are told by dask-cuda's own test
switches to leave out what touches a device: the context, the pool, the memory limit.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import dask
import pynvml

GIB = 2**30
WITHOUT_DEVICES = {
    "DASK_CUDA_TEST_SINGLE_GPU": "1",
    "DASK_CUDA_TEST_DISABLE_DEVICE_SPECIFIC": "1",
    "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "False",
    "RAPIDS_NO_INITIALIZE": "1",
}


def uuid_of(index: int) -> str:
    """The identity of the GPU with this number."""
    return f"GPU-{index:08x}-0000-4000-8000-000000000000"


@contextmanager
def gpus_of(*gib: int, devices: bool = False) -> Iterator[None]:
    """GPUs with so many GiB each, all free; ``devices``: leave nothing out."""
    switches = {} if devices else WITHOUT_DEVICES
    environment = mock.patch.dict(os.environ, switches)
    unasked = dask.config.set({"distributed.diagnostics.nvml": False})  # read once, at import
    with environment, unasked, mock.patch.multiple(pynvml, **_functions(gib)):
        _forget_counts()
        yield
    _forget_counts()


def _functions(gib: tuple[int, ...]) -> dict[str, Any]:
    def by_index(index: int) -> int:
        if not 0 <= index < len(gib):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return index

    def by_uuid(uuid: bytes | str) -> int:
        text = uuid.decode() if isinstance(uuid, bytes) else uuid
        known = [uuid_of(index) for index in range(len(gib))]
        if text not in known:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return known.index(text)

    def memory(handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=gib[handle] * GIB, used=0, free=gib[handle] * GIB)

    return {
        "nvmlInit": lambda *_: None,
        "nvmlShutdown": lambda: None,
        "nvmlSystemGetDriverVersion": lambda: "580.95.05",
        "nvmlDeviceGetCount": lambda: len(gib),
        "nvmlDeviceGetHandleByIndex": by_index,
        "nvmlDeviceGetHandleByUUID": by_uuid,
        "nvmlDeviceIsMigDeviceHandle": lambda handle: False,
        "nvmlDeviceGetName": lambda handle: "NVIDIA H100 80GB HBM3",
        "nvmlDeviceGetUUID": uuid_of,
        "nvmlDeviceGetMemoryInfo": memory,
        "nvmlDeviceGetCudaComputeCapability": lambda handle: (9, 0),
        "nvmlDeviceGetCpuAffinity": lambda handle, n: [1] + [0] * (n - 1),
        "nvmlDeviceGetMigMode": mock.Mock(side_effect=pynvml.NVMLError(3)),
    }


def _forget_counts() -> None:
    """dask-cuda remembers how many GPUs there were."""
    from dask_cuda.utils import get_gpu_count

    getattr(get_gpu_count, "cache", {}).clear()
