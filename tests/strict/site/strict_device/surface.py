"""What the real packages have: names and parameters, as recorded from the wheels."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from strict_device import call_log

FOLDER = Path(__file__).parents[2] / "surface"
UFUNC = "(*args, out=None, dtype=None, casting='same_kind')"


@cache
def library(name: str) -> dict[str, Any]:
    """The recorded file of a library."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def version(name: str) -> str:
    """The release that was recorded."""
    return library(name)["version"]


def names(path: str) -> dict[str, str]:
    """Name → kind and parameters of a module or class."""
    return library(path.partition(".")[0])["names"][path]


def kind(path: str, name: str) -> str:
    """The kind of a name: function, class, method, static, ufunc, property, value or module."""
    return names(path)[name].partition(" ")[0]


@cache
def binder(path: str, name: str) -> Callable[..., None] | None:
    """A function with the recorded parameters, or None where nobody knows them."""
    sort, _, parameters = names(path)[name].partition(" ")
    parameters = UFUNC if sort == "ufunc" else parameters
    if parameters in ("?", ""):
        return None
    return eval(f"lambda {parameters[1:-1]}: None")


def bind(path: str, name: str, args: Any, keywords: Any) -> None:
    """Note the call, and raise TypeError where the real parameters do not take it."""
    check = binder(path, name)
    if check is not None:
        try:
            check(*args, **keywords)
        except TypeError as error:
            said = str(error).partition(" ")[2]
            raise TypeError(f"{path}.{name}() {said}; it is {names(path)[name]}") from None
    call_log.note(f"{path}.{name}", args, keywords)


def missing(path: str, name: str) -> AttributeError:
    """The error for a name that the real package does not have."""
    release = version(path.partition(".")[0])
    return AttributeError(
        f"module or class {path!r} has no attribute {name!r} in release {release}"
    )
