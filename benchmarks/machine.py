"""What a measurement was taken on: processor, cores, memory, load, versions, BLAS."""

import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
from threadpoolctl import threadpool_info

GIB = 2**30
PACKAGES = (
    "cfdist", "numpy", "scipy", "numba", "pandas", "pyarrow", "dask", "scikit-learn", "faiss-cpu",
    "implicit", "sparse_dot_topn",
)  # fmt: skip


def describe_machine() -> dict[str, Any]:
    """Everything that a reader needs to judge the seconds."""
    return {
        "cpu": cpu_model(),
        "cores": len(psutil.Process().cpu_affinity() or []) or os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        "blas": blas_of(threadpool_info()),
    }


def cpu_model() -> str:
    """Name of the processor as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def versions() -> dict[str, str]:
    """Version of Python and of each installed package that takes part."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def blas_of(pools: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each linear algebra library that is loaded, whose it is, and its threads.

    Examples
    --------
    >>> path = "/site-packages/numpy.libs/libscipy_openblas64_.so"
    >>> pool = {"internal_api": "openblas", "version": "0.3.31", "num_threads": 2}
    >>> blas_of([pool | {"filepath": path}])
    ['openblas 0.3.31 of numpy.libs, 2 threads']
    """
    return sorted(
        f"{pool['internal_api']} {pool['version']} of {Path(pool['filepath']).parent.name}, "
        f"{pool['num_threads']} threads"
        for pool in pools
        if pool["version"] is not None
    )


def machine_lines(machine: Mapping[str, Any]) -> list[str]:
    """The description as text."""
    listed = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    memory = machine["memory_bytes"] / GIB
    return [
        f"{machine['cpu']}, {machine['cores']} cores, {memory:.0f} GiB, {machine['system']}, "
        f"load {machine['load']} before",
        listed,
        "; ".join(machine["blas"]),
    ]
