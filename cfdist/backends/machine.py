"""What this machine has for the GPU backend, read without importing any of it."""

import importlib.util
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import NamedTuple

from cfdist.backends.driver import Driver, Gpu, read_driver, visible

FAMILIES = ("12", "13")
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "cupy": ("cupy-cuda12x", "cupy-cuda13x", "cupy"),
    "cudf": ("cudf-cu12", "cudf-cu13", "cudf"),
    "cuml": ("cuml-cu12", "cuml-cu13", "cuml"),
    "cuvs": ("cuvs-cu12", "cuvs-cu13", "cuvs"),
    "rmm": ("rmm-cu12", "rmm-cu13", "rmm"),
}
"""Module that the GPU backend imports → distributions that have it; without a family: conda's."""
CLUSTER_LIBRARIES: Mapping[str, tuple[str, ...]] = {"dask_cuda": ("dask-cuda",)}
"""What ``--cluster cuda`` needs besides."""
PINNING = ("rapids-dask-dependency", "pylibraft-cu12", "pylibraft-cu13", "cuda-bindings")
"""Distributions that are never imported here, and say what they go with."""


class Package(NamedTuple):
    """An installed distribution: name, version, and what it says that it needs."""

    name: str
    version: str = ""
    requires: tuple[str, ...] = ()


class Machine(NamedTuple):
    """What was read.

    Attributes
    ----------
    missing : tuple of str
        Modules of the GPU backend that cannot be imported.
    packages : tuple of Package
        Installed distributions of ``LIBRARIES``, ``CLUSTER_LIBRARIES`` and ``PINNING``.
    gpus : tuple of Gpu
        Those that the process may use.
    hidden : str
        What hides the others: the value of ``CUDA_VISIBLE_DEVICES`` or ``cluster.gpus``.
    """

    system: str
    missing: tuple[str, ...]
    packages: tuple[Package, ...]
    driver: Driver
    gpus: tuple[Gpu, ...]
    hidden: str = ""


def read_machine(
    gpus: str = "",
    *,
    cluster: bool = False,
    driver: Callable[[], Driver] = read_driver,
    find: Callable[[str], Package | None] | None = None,
    has: Callable[[str], bool] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Machine:
    """What this machine has.

    Parameters
    ----------
    gpus : str
        As ``CUDA_VISIBLE_DEVICES``, which it replaces; empty: all that this leaves.
    cluster : bool
        Whether GPU workers are to be started here.
    driver, find, has, environment
        The readers: of the driver, of a distribution by its name, of whether a module is there,
        of the environment.
    """
    libraries = {**LIBRARIES, **(CLUSTER_LIBRARIES if cluster else {})}
    answer = driver()
    chosen = gpus or environment.get("CUDA_VISIBLE_DEVICES")
    return Machine(
        platform.system(),
        tuple(module for module in libraries if not (has or has_module)(module)),
        tuple(_installed(find or find_package)),
        answer,
        visible(answer.gpus, chosen),
        "" if chosen is None else chosen or "an empty CUDA_VISIBLE_DEVICES",
    )


def has_module(name: str) -> bool:
    """Whether the module is there to be imported."""
    return importlib.util.find_spec(name) is not None


def find_package(name: str) -> Package | None:
    """The installed distribution of that name."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    return Package(name, found.version, tuple(found.requires or ()))


def families_of(packages: Iterable[Package]) -> list[str]:
    """Major versions of CUDA that the installed libraries are built for, ascending.

    Notes
    -----
    The names of wheels end in it; conda's do not, and there the bindings of CUDA say it.

    Examples
    --------
    >>> families_of([Package("cupy-cuda12x"), Package("cuml-cu12")])
    ['12']
    >>> families_of([Package("cupy"), Package("cuda-bindings", "13.0.1")])
    ['13']
    """
    packages = list(packages)
    named = {f for p in packages for f in FAMILIES if p.name.endswith((f"-cu{f}", f"-cuda{f}x"))}
    if not named:
        named = {p.version.partition(".")[0] for p in packages if p.name == "cuda-bindings"}
    return sorted(named)


def _installed(find: Callable[[str], Package | None]) -> list[Package]:
    names = [
        name
        for known in (LIBRARIES, CLUSTER_LIBRARIES)
        for names in known.values()
        for name in names
    ]
    return [package for name in (*names, *PINNING) if (package := find(name)) is not None]
