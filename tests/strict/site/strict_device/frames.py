"""`cudf`: pandas with columns of Arrow, behind the recorded names, and nothing moves by itself.

A method that pandas and the recorded surface both have is pandas's. What differs is in `series` and
`data_frame`.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from strict_device import counting, device_memory, surface
from strict_device.array import ndarray, on_device
from strict_device.errors import NotServedError, StrictDeviceError
from strict_device.wrapping import is_device, is_host, unwrap

OPERATORS = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "and",
    "or",
    "xor",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
    "radd",
    "rsub",
    "rmul",
    "rtruediv",
    "rfloordiv",
    "rmod",
    "rpow",
    "rand",
    "ror",
    "rxor",
]
KINDS: dict[str, type] = {}


class Frame:
    """What Series, DataFrame and Index have in common."""

    __array_ufunc__ = None
    __hash__ = None
    _path: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls._path = f"cudf.{cls.__name__}"
        cls.__module__ = "cudf"
        KINDS[cls.__name__] = cls

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in surface.names(self._path):
            return self._column(name)
        if surface.kind(self._path, name) == "property":
            return served_value(getattr(self._frame, name))
        if not hasattr(self._frame, name):
            raise NotServedError(f"{self._path}.{name} is real, but pandas does not have it")
        return caller(self._path, name, getattr(self._frame, name))

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        raise TypeError(
            "Implicit conversion to a host NumPy array via __array__ is not allowed; use to_cupy"
        )

    def __arrow_array__(self, type: Any = None) -> Any:
        raise TypeError("Implicit conversion to a host PyArrow object is not allowed; use to_arrow")

    def __iter__(self) -> Any:
        raise TypeError(f"{type(self).__name__} object is not iterable")

    def __len__(self) -> int:
        return len(self._frame)

    def __bool__(self) -> bool:
        return bool(self._frame)  # pandas says why there is none

    def __repr__(self) -> str:
        counting.count("to_host", n_bytes(self._frame))
        return repr(self._frame)

    def __invert__(self) -> "Frame":
        return wrap_frame(~self._frame)

    def __neg__(self) -> "Frame":
        return wrap_frame(-self._frame)

    def __getitem__(self, where: Any) -> Any:
        refuse_host(f"{self._path}[...]", where)
        return served_value(self._frame[taken_apart(where)])

    def __reduce__(self) -> Any:
        counting.count("peer", n_bytes(self._frame))
        return wrap_frame, (self._frame,)

    def _column(self, name: str) -> Any:
        raise surface.missing(self._path, name)


def bind_methods(kind: type) -> type:
    """The class, its own methods and its parents' behind the recorded parameters."""
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        if name in surface.names(kind._path):
            setattr(kind, name, _bound(kind._path, name, method))
    return kind


def _bound(path: str, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        surface.bind(path, name, args, keywords)
        return method(self, *args, **keywords)

    return call


def wrap_frame(host: Any) -> Any:
    """A frame of pandas as cuDF's, its columns Arrow's."""
    kind = KINDS[{"RangeIndex": "Index"}.get(type(host).__name__, type(host).__name__)]
    made = object.__new__(kind)
    made.__dict__["_frame"] = _with_arrow(host)
    device_memory.hold_buffers(made, buffers(made._frame))
    return made


def served_value(value: Any) -> Any:
    """A result of pandas: frames and arrays on the device, scalars on the host (a sync)."""
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        return wrap_frame(value)
    if isinstance(value, np.ndarray):
        return on_device(value)
    if isinstance(value, np.generic | int | float | bool | str | pd.Timestamp):
        counting.count("syncs")
    return value


def caller(path: str, name: str, theirs: Callable[..., Any]) -> Callable[..., Any]:
    """A method of pandas behind the recorded parameters."""

    def call(*args: Any, **keywords: Any) -> Any:
        surface.bind(path, name, args, keywords)
        refuse_host(f"{path}.{name}", *args, *keywords.values())
        given = {key: taken_apart(value) for key, value in keywords.items()}
        return served_value(theirs(*[taken_apart(one) for one in args], **given))

    return call


def taken_apart(thing: Any) -> Any:
    """What pandas computes with."""
    if isinstance(thing, Frame):
        return thing._frame
    if isinstance(thing, dict):
        return {key: taken_apart(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple) and any(isinstance(one, Frame) for one in thing):
        return type(thing)(taken_apart(one) for one in thing)
    return unwrap(thing)


def refuse_host(where: str, *things: Any) -> None:
    """Raise where an argument is an array or table of the host; names and scalars are fine."""
    for thing in things:
        inside = thing.values() if isinstance(thing, dict) else (thing,)
        inside = thing if isinstance(thing, list | tuple) else inside
        for one in inside:
            if is_host(one) and not isinstance(
                one, str | np.dtype | pd.api.extensions.ExtensionDtype
            ):
                raise StrictDeviceError(
                    f"{where}: a {type(one).__name__} of the host; from_arrow moves it"
                )


def arrow(host: Any) -> pa.ChunkedArray:
    """The Arrow column of a Series or Index of pandas."""
    column = (
        pa.array(host, from_pandas=True)
        if not _is_arrow(host.dtype)
        else host.array.__arrow_array__()
    )
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])


def series(column: Any, index: Any = None, name: Any = None) -> pd.Series:
    """A Series of pandas that holds an Arrow column."""
    return pd.Series(pd.arrays.ArrowExtensionArray(column), index=index, name=name)


def n_bytes(host: Any) -> int:
    """Bytes of a frame."""
    return sum(buffers(host).values())


def buffers(host: Any) -> dict[int, int]:
    """Address → bytes of the memory that a frame is in."""
    columns = (
        [host.iloc[:, i] for i in range(host.shape[1])]
        if isinstance(host, pd.DataFrame)
        else [host]
    )
    if not isinstance(host, pd.Index) and not isinstance(host.index, pd.RangeIndex):
        columns.append(host.index)
    found: dict[int, int] = {}
    for column in columns:
        if isinstance(column, pd.Index) and not _is_arrow(column.dtype):
            found[id(column)] = column.nbytes
            continue
        for chunk in arrow(column).chunks:
            found.update({one.address: one.size for one in chunk.buffers() if one is not None})
    return found


def _with_arrow(host: Any) -> Any:
    if isinstance(host, pd.Index):
        return host
    if isinstance(host, pd.Series):
        return host if _is_arrow(host.dtype) else series(arrow(host), host.index, host.name)
    changed = {name: _with_arrow(host[name]) for name in host if not _is_arrow(host[name].dtype)}
    return host.assign(**changed) if changed else host


def _is_arrow(dtype: Any) -> bool:
    return isinstance(dtype, pd.ArrowDtype)


def _operate(name: str) -> Callable[..., Any]:
    def operate(self: Frame, other: Any) -> Any:
        if is_host(other) or isinstance(other, list | tuple):
            raise StrictDeviceError(
                f"__{name}__ of a frame and a {type(other).__name__} of the host"
            )
        if not isinstance(
            other, Frame | ndarray | str | int | float | bool | np.generic | pd.Timestamp
        ):
            return NotImplemented
        result = getattr(self._frame, f"__{name}__")(taken_apart(other))
        return served_value(result) if result is not NotImplemented else result

    return operate


for _name in OPERATORS:
    setattr(Frame, f"__{_name}__", _operate(_name))


def is_on_device(thing: Any) -> bool:
    """Whether it is a frame or array of a device."""
    return is_device(thing) or isinstance(thing, Frame)
