"""Stand-ins for this process and for worker processes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import dask

SITE = Path(__file__).parent / "site"
PACKAGES = ("cupy", "cupyx", "cuml", "cuvs", "cudf", "rmm", "pylibraft", "pynvml", "strict_device")
GPU_BACKEND = "cfdist.backends.gpu"


def strict_environment(
    *,
    budget: int | None = None,
    devices: int = 1,
    calls: Path | None = None,
    seed: int = 0,
) -> dict[str, str]:
    """Variables for a process in which `import cupy` finds the stand-in.

    Parameters
    ----------
    budget : int, optional
        Bytes of device memory.
    devices : int
        What `getDeviceCount` says; 0 is a machine without a GPU.
    calls : Path, optional
        A folder in which the process leaves the shapes of its calls.
    seed : int
        Of the noise in the last bit.
    """
    paths = [str(SITE), *filter(None, [os.environ.get("PYTHONPATH")])]
    wanted = {
        "CFDIST_STRICT_BUDGET": budget,
        "CFDIST_STRICT_CALLS": calls,
    }
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "False",  # Dask asks for more than pynvml has here
        "CFDIST_STRICT_DEVICES": str(devices),
        "CFDIST_STRICT_SEED": str(seed),
        **{name: str(value) for name, value in wanted.items() if value is not None},
    }


@contextmanager
def strict_packages(
    *, budget: int | None = None, devices: int = 1, seed: int = 0
) -> Iterator[ModuleType]:
    """The module `strict_device`, and the stand-ins, in this process until the block ends."""
    variables = strict_environment(budget=budget, devices=devices, seed=seed)
    variables.pop("PYTHONPATH")
    before = {name: os.environ.get(name) for name in (*variables, "CFDIST_STRICT_BUDGET")}
    os.environ.update(variables)
    aside = _take_out()
    _forget_backends()
    sys.path.insert(0, str(SITE))
    try:
        import strict_device

        with dask.config.set({"distributed.diagnostics.nvml": False}):
            yield strict_device
    finally:
        _take_out()
        _forget_backends()
        sys.modules.update(aside)
        sys.path.remove(str(SITE))
        _put_back(before)


def _take_out() -> dict[str, ModuleType]:
    """Modules of the stand-ins and those that import them; gone from `sys.modules`."""
    gone = [name for name, module in sys.modules.items() if _is_ours(name, module)]
    taken = {name: sys.modules.pop(name) for name in gone}
    for name, module in taken.items():
        parent, _, last = name.rpartition(".")
        if getattr(sys.modules.get(parent), last, None) is module:
            delattr(sys.modules[parent], last)
    return taken


def _forget_backends() -> None:
    """Backends are made once per process; one of other stand-ins has other classes."""
    backends = sys.modules.get("cfdist.backends")
    if hasattr(getattr(backends, "get_backend", None), "cache_clear"):  # no test's own one
        backends.get_backend.cache_clear()


def _is_ours(name: str, module: ModuleType) -> bool:
    top = name.partition(".")[0]
    if top in PACKAGES or name.startswith(GPU_BACKEND):
        return True
    return top == "cfdist" and any(_origin(value) in PACKAGES for value in vars(module).values())


def _origin(value: object) -> str:
    """The package of a module, class or function."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return name.partition(".")[0] if isinstance(name, str) else ""


def _put_back(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
