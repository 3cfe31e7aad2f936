"""Machines with and without GPUs, as the readers of the GPU backend would describe them."""

from cfdist.backends.driver import Driver, Gpu
from cfdist.backends.machine import LIBRARIES, Machine, Package

GIB = 2**30
H100 = Gpu("NVIDIA H100 80GB HBM3", "GPU-11", 80 * GIB, 79 * GIB, (9, 0))
DRIVER = "580.95.05"


def gpu_machine(
    *gpus: Gpu,
    driver: str = DRIVER,
    family: str = "12",
    missing: tuple[str, ...] = (),
    packages: tuple[Package, ...] = (),
    system: str = "Linux",
) -> Machine:
    """A machine on which everything is there, but for what is given."""
    gpus = gpus or (H100,)
    names = {module: f"{module}-cu{family}" for module in LIBRARIES}
    names["cupy"] = f"cupy-cuda{family}x"
    installed = [Package(name, "26.10.0") for m, name in names.items() if m not in missing]
    return Machine(system, missing, (*installed, *packages), Driver(driver, gpus), gpus)


def cpu_machine(problem: str = "no NVIDIA driver") -> Machine:
    """A machine with no driver and none of the libraries."""
    return Machine("Linux", tuple(LIBRARIES), (), Driver(problem=problem), ())
