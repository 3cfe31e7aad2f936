"""Which installed versions the RAPIDS packages do not go with."""

import shlex
from collections.abc import Callable, Iterable
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cfdist.backends.machine import Package, find_package


class Conflict(NamedTuple):
    """A package, the version that is there ("" for none), and who wants which."""

    name: str
    version: str
    wanted: str
    by: str


def conflicts(
    packages: Iterable[Package], find: Callable[[str], Package | None] = find_package
) -> list[Conflict]:
    """What the packages need and is not there in a version that they take, one per name."""
    found: dict[str, Conflict] = {}
    for package in packages:
        for text in package.requires:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                conflict = _conflict(package, need, find)
                if conflict is not None:
                    found.setdefault(canonicalize_name(need.name), conflict)
    return list(found.values())


def mend(found: Iterable[Conflict]) -> str:
    """The command that installs what fits.

    Examples
    --------
    >>> mend([Conflict("dask", "2026.8.0", "<2026.7.2,>=2026.7.1", "rapids-dask-dependency")])
    "pip install 'dask<2026.7.2,>=2026.7.1'"
    """
    return shlex.join(["pip", "install", *(f"{c.name}{c.wanted}" for c in found)])


def _conflict(
    package: Package, need: Requirement, find: Callable[[str], Package | None]
) -> Conflict | None:
    there = find(need.name)
    if there is not None and need.specifier.contains(there.version, prereleases=True):
        return None
    version = "" if there is None else there.version
    return Conflict(need.name, version, str(need.specifier), package.name)
