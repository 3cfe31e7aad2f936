"""Arguments of functions: device arrays where cupy wants them, numbers where it wants those."""

from functools import cache
from typing import Any

from strict_device import surface
from strict_device.errors import StrictDeviceError
from strict_device.wrapping import is_device, refuse_host

FIRST = frozenset("a a1 a2 ar ar1 ar2 m x array arr ary element condition".split())  # noqa: SIM905
LATER = frozenset("a b v weights test_elements ar2 x y sorter".split())  # noqa: SIM905
"""Parameters that are device arrays; later ones may be numbers, but not lists."""
LISTS = frozenset(["tup", "arrays"])
PLAIN = frozenset("arange empty eye identity linspace ones tri zeros full".split())  # noqa: SIM905
FREE = frozenset(
    "asarray asanyarray array asnumpy isscalar result_type can_cast ndim shape".split()  # noqa: SIM905
)


def check_arguments(path: str, name: str, args: Any, keywords: Any) -> None:
    """Raise for host arrays anywhere, and for lists where an array belongs."""
    where = f"{path}.{name}"
    refuse_host(where, *args, *keywords.values())
    if name in PLAIN:
        _refuse_device(where, args[:1] if name == "full" else args)
    elif surface.kind(path, name) == "ufunc":
        _refuse_lists(where, *args)
    elif name not in FREE and (args or keywords):
        _check_parameters(where, parameters(surface.names(path)[name]), args, keywords)


@cache
def parameters(text: str) -> list[str]:
    """Names of the parameters of a recorded function, in order."""
    inside = text.partition("(")[2].rpartition(")")[0]
    return [one.partition("=")[0].strip() for one in inside.split(",")]


def _check_parameters(where: str, names: list[str], args: Any, keywords: Any) -> None:
    given = {**dict(zip(names, args, strict=False)), **keywords}
    first = names[0]
    if first in FIRST and given.get(first) is not None and not is_device(given[first]):
        kind = type(given[first]).__name__
        raise StrictDeviceError(f"{where}: {kind} where a device array belongs")
    if first in LISTS and isinstance(given.get(first), list | tuple):
        for one in given[first]:
            if not is_device(one):
                raise StrictDeviceError(f"{where}: only device arrays, not {type(one).__name__}")
    _refuse_lists(where, *(value for name, value in given.items() if name in LATER))


def _refuse_device(where: str, args: Any) -> None:
    for one in args:
        if any(is_device(bit) for bit in (one if isinstance(one, list | tuple) else (one,))):
            raise StrictDeviceError(f"{where}: a size from the device; take int() of it, a sync")


def _refuse_lists(where: str, *args: Any) -> None:
    for one in args:
        if isinstance(one, list | tuple):
            raise StrictDeviceError(f"{where}: a {type(one).__name__} where an array belongs")
