"""Modules of the stand-ins: they have the recorded names, and nothing else."""

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from strict_device import surface
from strict_device.checking import check_arguments
from strict_device.errors import NotServedError
from strict_device.ufuncs import Ufunc
from strict_device.wrapping import unwrap, wrap


def served(
    path: str, own: Mapping[str, Any], fallback: ModuleType | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of the module ``path``.

    Names that differ from NumPy are in ``own``; others come from the module ``fallback``, with
    device arrays taken apart and put together again.
    """
    made: dict[str, Any] = {"__version__": surface.version(path.partition(".")[0])}

    def get(name: str) -> Any:
        if name not in made:
            if name.startswith("_") or name not in surface.names(path):
                raise surface.missing(path, name)
            made[name] = _make(path, name, own, fallback)
        return made[name]

    return get, lambda: sorted(surface.names(path))


def bound(path: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function behind the recorded parameters."""

    def call(*args: Any, **keywords: Any) -> Any:
        surface.bind(path, name, args, keywords)
        return function(*args, **keywords)

    call.__name__ = call.__qualname__ = name
    call.__module__ = path
    return call


def _make(path: str, name: str, own: Mapping[str, Any], fallback: ModuleType | None) -> Any:
    if name in own:
        mine = own[name]
        return mine if isinstance(mine, type) or not callable(mine) else bound(path, name, mine)
    if surface.kind(path, name) == "module":
        return _submodule(path, name)
    theirs = getattr(fallback, name, None)
    if theirs is None:
        raise NotServedError(f"{path}.{name} is real, but the stand-in does not have it yet")
    if isinstance(theirs, type) or not callable(theirs):
        return theirs
    if surface.kind(path, name) == "ufunc" and isinstance(theirs, np.ufunc):
        return Ufunc(path, name, theirs)
    return bound(path, name, _lifted(path, name, theirs))


def _submodule(path: str, name: str) -> ModuleType:
    found = sys.modules.get(f"{path}.{name}")
    if found is None:  # an import of it asks here first
        raise NotServedError(f"{path}.{name} is not imported, or the stand-in does not have it")
    return found


def _lifted(path: str, name: str, theirs: Callable[..., Any]) -> Callable[..., Any]:
    @np.errstate(all="ignore")  # a device warns of nothing
    def call(*args: Any, **keywords: Any) -> Any:
        check_arguments(path, name, args, keywords)
        given = {key: unwrap(value) for key, value in keywords.items()}
        return wrap(theirs(*unwrap(args), **given))

    return call
