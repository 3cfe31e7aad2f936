"""The NVIDIA driver and its GPUs, asked without CUDA: no context is made, no memory is taken."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

KERNEL_MODULE = Path("/proc/driver/nvidia/version")
SMI_FIELDS = "name,uuid,memory.total,memory.free,compute_cap,driver_version"
SMI_SECONDS = 20


class Gpu(NamedTuple):
    """One GPU.

    Attributes
    ----------
    total_bytes, free_bytes : int
        0 where the driver does not say: GPUs that share the memory of the machine.
    capability : (major, minor), or (0, 0) where nothing says it
    """

    name: str
    uuid: str = ""
    total_bytes: int = 0
    free_bytes: int = 0
    capability: tuple[int, int] = (0, 0)


class Driver(NamedTuple):
    """What the driver says, or why it says nothing.

    Attributes
    ----------
    version : str, such as ``580.95.05``; empty where there is none
    problem : str, empty where the driver answered
    """

    version: str = ""
    gpus: tuple[Gpu, ...] = ()
    problem: str = ""


def read_driver(readers: Sequence[Callable[[], Driver]] | None = None) -> Driver:
    """The answer of the first way that works: nvidia-ml-py, libnvidia-ml, nvidia-smi, files."""
    from cfdist.backends.driver_files import by_files

    problems = []
    for read in readers or (by_pynvml, by_library, by_smi, by_files):
        try:
            return read()
        except Exception as error:  # each way has its own errors, and each may be missing
            problems.append(f"{error}".strip().rstrip("."))
    return Driver(problem=_problem(problems))


def by_pynvml() -> Driver:
    """What nvidia-ml-py says."""
    import pynvml

    return ask(pynvml)


def by_library() -> Driver:
    """What the driver's own library says."""
    from cfdist.backends.nvml import NvmlLibrary

    return ask(NvmlLibrary())


def by_smi() -> Driver:
    """What the driver's own command says.

    Raises
    ------
    RuntimeError
        It says something else.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        raise FileNotFoundError("there is no nvidia-smi")
    command = [program, f"--query-gpu={SMI_FIELDS}", "--format=csv,noheader,nounits"]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, timeout=SMI_SECONDS, check=False
    )
    rows = [line.split(", ") for line in done.stdout.splitlines() if line.strip()]
    if done.returncode or not rows or any(len(row) != SMI_FIELDS.count(",") + 1 for row in rows):
        raise RuntimeError(done.stdout.strip() or done.stderr.strip() or "nvidia-smi failed")
    return Driver(rows[0][-1], tuple(map(_gpu_of_smi, rows)))


def ask(nvml: Any) -> Driver:
    """What ``nvml``, with the functions of ``pynvml``, says."""
    nvml.nvmlInit()
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        return Driver(nvml.nvmlSystemGetDriverVersion(), tuple(_gpu(nvml, h) for h in handles))
    finally:
        nvml.nvmlShutdown()


def visible(gpus: Sequence[Gpu], chosen: str | None) -> tuple[Gpu, ...]:
    """Those that ``CUDA_VISIBLE_DEVICES`` leaves; all for None.

    Notes
    -----
    As CUDA does: numbers or the beginning of an identity, and nothing after the first that does
    not exist. Of a slice of a GPU (``MIG-…``) only the identity is known.

    Examples
    --------
    >>> pair = (Gpu("A", "GPU-1a"), Gpu("B", "GPU-2b"))
    >>> [gpu.name for gpu in visible(pair, "1,0")]
    ['B', 'A']
    >>> visible(pair, "7,0")
    ()
    """
    if chosen is None:
        return tuple(gpus)
    found: list[Gpu] = []
    for word in filter(None, (word.strip() for word in chosen.split(","))):
        gpu = Gpu(word, word) if word.startswith("MIG-") else _named(gpus, word)
        if gpu is None:
            break
        found.append(gpu)
    return tuple(found)


def _named(gpus: Sequence[Gpu], word: str) -> Gpu | None:
    if word.isdecimal():
        return gpus[int(word)] if int(word) < len(gpus) else None
    alike = [gpu for gpu in gpus if word.startswith("GPU-") and gpu.uuid.startswith(word)]
    return alike[0] if len(alike) == 1 else None


def _gpu(nvml: Any, handle: Any) -> Gpu:
    try:
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        total, free = int(memory.total), int(memory.free)
    except Exception:  # not supported where CPU and GPU share their memory
        total, free = 0, 0
    return Gpu(
        nvml.nvmlDeviceGetName(handle),
        nvml.nvmlDeviceGetUUID(handle),
        total,
        free,
        tuple(nvml.nvmlDeviceGetCudaComputeCapability(handle)),
    )


def _gpu_of_smi(row: list[str]) -> Gpu:
    name, uuid, total, free, capability, _ = row
    major, _, minor = capability.partition(".")
    return Gpu(name, uuid, _mebibytes(total), _mebibytes(free), (int(major), int(minor)))


def _mebibytes(text: str) -> int:
    return int(text) * 2**20 if text.isdecimal() else 0


def _problem(problems: Sequence[str]) -> str:
    """The first sentence that says more than that something is missing."""
    telling = [text for text in problems if "ismatch" in text or "not loaded" in text.lower()]
    if telling:
        return telling[0]
    if KERNEL_MODULE.exists():
        return "the kernel has the NVIDIA driver, but its libraries are not here"
    return "no NVIDIA driver"
