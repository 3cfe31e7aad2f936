"""What the GPU backend needs, against what a machine has; and which backend a run takes.

References
----------
Drivers and compute capabilities: NVIDIA's page on platform support of RAPIDS 26.10
(docs.nvidia.com/datascience/platform-support). CUDA 12 itself runs from driver 525.60.13 on;
RAPIDS is built with 12.2 and later, which asks for 535.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, NamedTuple, TypeVar

from packaging.version import InvalidVersion, Version

from cfdist.backends.driver import Gpu
from cfdist.backends.machine import Machine, families_of, read_machine
from cfdist.backends.pins import conflicts, mend
from cfdist.errors import ConfigError, DeviceError

MIN_DRIVER: Final = {"12": "535", "13": "580"}
MIN_CAPABILITY: Final = {"12": (7, 0), "13": (7, 5)}
MIN_GPU_BYTES: Final = 4 * 2**30
"""Free memory of a GPU: the context and the libraries' kernels take about 1 GB, a tile of the
neighbour search 0.5 GB, before any data."""
DRIVERS: Final = "https://www.nvidia.com/drivers"
NO_GPU: Final = "or use --backend cpu"

Name = Literal["cpu", "gpu"]
Least = TypeVar("Least")


class Requirement(NamedTuple):
    """One thing that the GPU backend needs."""

    what: str
    found: str
    is_met: bool
    remedy: str = ""


def requirements(machine: Machine) -> list[Requirement]:
    """All that is needed, in the order in which it is mended."""
    return [
        _system(machine),
        _driver(machine),
        *_gpus(machine),
        _libraries(machine),
        *(_compatibility(machine) if machine.packages else []),
    ]


def unmet(machine: Machine) -> list[Requirement]:
    """What is missing, in the order in which it is mended."""
    return [need for need in requirements(machine) if not need.is_met]


def require_gpu(machine: Machine, where: str = "this machine") -> None:
    """Raise where the machine cannot run the GPU backend.

    Raises
    ------
    DeviceError
        Says everything that is missing, and what to do about the first.
    """
    missing = unmet(machine)
    if missing:
        said = "; ".join(f"{need.what}: {need.found}" for need in missing)
        raise DeviceError(
            f"{where} cannot run the gpu backend: {said}",
            remedy=f"{missing[0].remedy}, {NO_GPU}" if missing[0].remedy else NO_GPU[3:],
        )


def resolve_backend(
    wanted: str,
    *,
    gpus: str = "",
    cluster: bool = False,
    note: Callable[[str], None] = lambda sentence: None,
    read: Callable[..., Machine] = read_machine,
) -> Name:
    """The backend of a run on this machine.

    Parameters
    ----------
    wanted : {"cpu", "gpu", "auto"}
        ``auto``: the GPU where all that a run needs is there.
    gpus : str
        Which GPUs, as ``CUDA_VISIBLE_DEVICES``; empty: all.
    cluster : bool
        Whether GPU workers are to be started here.
    note : callable
        Told what ``auto`` took, and why.
    read : callable
        The reader of the machine.

    Raises
    ------
    DeviceError
        ``gpu`` is wanted and cannot be had; nothing falls back in silence.
    ConfigError
        There is no such backend.
    """
    if wanted == "cpu":
        return "cpu"
    if wanted not in ("gpu", "auto"):
        raise ConfigError(f"there is no backend {wanted!r}", remedy="use cpu, gpu or auto")
    machine = read(gpus, cluster=cluster)
    if wanted == "gpu":
        require_gpu(machine)
        return "gpu"
    missing = unmet(machine)
    if missing:
        note(f"backend auto is the cpu: {missing[0].what}: {missing[0].found}")
        return "cpu"
    note(f"backend auto is the gpu: {names_of(machine.gpus)}, driver {machine.driver.version}")
    return "gpu"


def names_of(gpus: Iterable[Gpu]) -> str:
    """GPUs in words.

    Examples
    --------
    >>> names_of([Gpu("H100", "a", 80 * 2**30, 79 * 2**30), Gpu("H100", "b", 80 * 2**30, 2**30)])
    '2 × H100 (80 GiB)'
    """
    kinds: dict[str, int] = {}
    for gpu in gpus:
        size = f" ({gpu.total_bytes / 2**30:.0f} GiB)" if gpu.total_bytes else ""
        kinds[gpu.name + size] = kinds.get(gpu.name + size, 0) + 1
    return ", ".join(f"{n} × {kind}" if n > 1 else kind for kind, n in kinds.items())


def _system(machine: Machine) -> Requirement:
    remedy = "use Linux, or WSL 2 on Windows"
    return Requirement("system", machine.system, machine.system == "Linux", remedy)


def _driver(machine: Machine) -> Requirement:
    driver = machine.driver
    least = _least(MIN_DRIVER, machine)
    if driver.problem:
        return Requirement("driver", driver.problem, False, _mend_driver(driver.problem, least))
    if _is_at_least(driver.version, least):
        return Requirement("driver", driver.version, True)
    remedy = f"install driver {least} or newer from {DRIVERS}"
    if _is_at_least(driver.version, MIN_DRIVER["12"]):
        remedy += ", or the packages for CUDA 12: pip install 'cfdist[cu12]'"
    found = f"{driver.version} is older than {least}, which {_family_name(machine)} needs"
    return Requirement("driver", found, False, remedy)


def _mend_driver(problem: str, least: str) -> str:
    if "ismatch" in problem:
        return "restart the machine: its driver was updated"
    if "not here" in problem:
        return "start the container with its GPUs: docker run --gpus all"
    return f"install driver {least} or newer from {DRIVERS}"


def _gpus(machine: Machine) -> list[Requirement]:
    if machine.driver.problem:
        return []
    if not machine.driver.gpus:
        return [Requirement("GPU", "the driver has none", False, "use a machine with a GPU")]
    if not machine.gpus:
        found = f"{machine.hidden} names none of {len(machine.driver.gpus)}"
        remedy = "set cluster.gpus or CUDA_VISIBLE_DEVICES to numbers that nvidia-smi -L shows"
        return [Requirement("GPU", found, False, remedy)]
    return [_gpu(machine, gpu) for gpu in machine.gpus]


def _gpu(machine: Machine, gpu: Gpu) -> Requirement:
    least = _least(MIN_CAPABILITY, machine)
    major, minor = gpu.capability
    free, total = (size / 2**30 for size in (gpu.free_bytes, gpu.total_bytes))
    size = f", {free:.1f} of {total:.1f} GiB free" if total else ""
    found = f"{gpu.name}, compute capability {major}.{minor}{size}" if major else gpu.name + size
    if major and gpu.capability < least:
        wanted = f"{found}: {_family_name(machine)} needs {least[0]}.{least[1]}"
        return Requirement("GPU", wanted, False, "use a newer GPU")
    if total and gpu.total_bytes < MIN_GPU_BYTES:
        wanted = f"{found}: at least {MIN_GPU_BYTES / 2**30:.0f} GiB are needed"
        return Requirement("GPU", wanted, False, "use a GPU with more memory")
    if total and gpu.free_bytes < MIN_GPU_BYTES:
        wanted = f"{found}: at least {MIN_GPU_BYTES / 2**30:.0f} GiB are needed"
        return Requirement("GPU", wanted, False, "close what uses it, which nvidia-smi shows")
    return Requirement("GPU", found, True)


def _libraries(machine: Machine) -> Requirement:
    if machine.missing:
        found = f"not installed: {', '.join(machine.missing)}"
        return Requirement("libraries", found, False, _install(machine))
    versions = [f"{package.name} {package.version}" for package in machine.packages]
    return Requirement("libraries", ", ".join(versions) or "installed", True)


def _install(machine: Machine) -> str:
    return f"pip install 'cfdist[cu{_fitting_family(machine)}]'"


def _fitting_family(machine: Machine) -> str:
    """The installed one, else the newest that driver and GPUs take."""
    families = [family for family in families_of(machine.packages) if family in MIN_DRIVER]
    if families:
        return families[-1]
    fits = all(gpu.capability >= MIN_CAPABILITY["13"] for gpu in machine.gpus if gpu.capability[0])
    return "13" if fits and _is_at_least(machine.driver.version, MIN_DRIVER["13"]) else "12"


def _compatibility(machine: Machine) -> list[Requirement]:
    """Whether what is installed goes together."""
    return [_family(machine), *_pins(machine)]


def _family(machine: Machine) -> Requirement:
    families = families_of(machine.packages)
    if len(families) < 2:
        return Requirement("CUDA", families[0] if families else "not told by the packages", True)
    spare = families[0]
    names = [p.name for p in machine.packages if p.name.endswith((f"cu{spare}", f"cuda{spare}x"))]
    found = f"libraries for CUDA {' and '.join(families)} are mixed"
    return Requirement("CUDA", found, False, f"pip uninstall {' '.join(names)}")


def _pins(machine: Machine) -> list[Requirement]:
    found = conflicts(machine.packages)
    if not found:
        return [Requirement("pins", "met", True)]
    return [
        Requirement(c.name, f"{c.version or 'none'}, {c.by} takes {c.wanted}", False, mend(found))
        for c in found
    ]


def _family_name(machine: Machine) -> str:
    families = families_of(machine.packages)
    return f"CUDA {families[-1]}" if families else "RAPIDS"


def _least(known: Mapping[str, Least], machine: Machine) -> Least:
    """Of the installed family; of the older one where none is installed or it is unknown."""
    families = families_of(machine.packages)
    return known.get(families[-1] if families else "12", known["12"])


def _is_at_least(version: str, least: str) -> bool:
    try:
        return Version(version) >= Version(least)
    except InvalidVersion:
        return False
