"""`cupy.ndarray`: a NumPy array that does not let NumPy see it."""

import numbers
from typing import Any

import numpy as np

from strict_device import counting, device_memory, surface
from strict_device.errors import StrictDeviceError
from strict_device.wrapping import is_device, is_host, refuse_host, unwrap, wrap

PATH = "cupy.ndarray"
DTYPES = "?bhilqBHILQefdFD"
ARITHMETIC = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "divmod",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
]
COMPARISONS = ["lt", "le", "gt", "ge", "eq", "ne"]
UNARY = ["neg", "pos", "abs", "invert"]


class ndarray:  # noqa: N801
    """A device array; only explicit calls bring it to the host."""

    __slots__ = ("__weakref__", "_strict_host")
    __array_ufunc__ = None
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, *args: Any, **keywords: Any) -> None:
        made = np.ndarray(*unwrap(args), **keywords)
        self._strict_host = made
        device_memory.hold(made)

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        raise StrictDeviceError("implicit conversion of a device array to NumPy; use .get()")

    def __array_function__(self, function: Any, *_: Any) -> Any:
        raise StrictDeviceError(f"numpy.{function.__name__} of a device array; use cupy's")

    def __iter__(self) -> Any:
        raise StrictDeviceError("iterating a device array takes a transfer per element")

    def __bool__(self) -> bool:
        return bool(self._synced())

    def __int__(self) -> int:
        return int(self._synced())

    def __float__(self) -> float:
        return float(self._synced())

    def __complex__(self) -> complex:
        return complex(self._synced())

    def __format__(self, spec: str) -> str:
        return format(self._synced().item() if self.ndim == 0 else self._synced(), spec)

    def __len__(self) -> int:
        return len(self._strict_host)

    def __repr__(self) -> str:
        counting.count("to_host", self.nbytes)
        return f"cupy.{self._strict_host!r}"

    def __getitem__(self, where: Any) -> Any:
        _check_index(where)
        if _has_mask(where):
            counting.count("syncs")  # how many are true
        return wrap(self._strict_host[unwrap(where)])

    def __setitem__(self, where: Any, value: Any) -> None:
        _check_index(where)
        refuse_host("setting elements", value)
        if isinstance(value, list | tuple):
            raise StrictDeviceError("setting elements to a list; make it an array first")
        self._strict_host[unwrap(where)] = unwrap(value)

    def __matmul__(self, other: Any) -> Any:
        return _binary(self, other, "__matmul__")

    def __rmatmul__(self, other: Any) -> Any:
        return _binary(self, other, "__rmatmul__")

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, _: Any) -> Any:
        return self.copy()

    def __reduce__(self) -> Any:
        counting.count("peer", self.nbytes)
        return on_device, (self._strict_host,)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        host = self._strict_host
        return {
            "shape": host.shape,
            "typestr": host.dtype.str,
            "data": (host.ctypes.data, False),
            "strides": None if host.flags.c_contiguous else host.strides,
            "version": 3,
        }

    def _synced(self) -> np.ndarray:
        counting.count("syncs")
        return self._strict_host


def on_device(host: np.ndarray) -> ndarray:
    """A device array of this memory, which nothing on the host may refer to."""
    if host.dtype.char not in DTYPES:
        raise ValueError(f"Unsupported dtype {host.dtype}")
    made = object.__new__(ndarray)
    made._strict_host = host
    device_memory.hold(host)
    return made


@np.errstate(all="ignore")  # a device warns of nothing
def _binary(mine: ndarray, other: Any, operator: str) -> Any:
    if is_host(other):
        raise StrictDeviceError(
            f"{operator} of a device array and a {type(other).__name__} of the host"
        )
    if not (is_device(other) or isinstance(other, numbers.Number | np.generic | bool)):
        return NotImplemented
    result = getattr(mine._strict_host, operator)(unwrap(other))
    return result if result is NotImplemented else wrap(result)


def _in_place(mine: ndarray, other: Any, operator: str) -> Any:
    result = _binary(mine, other, operator)
    return result if result is NotImplemented else mine


def _check_index(where: Any) -> None:
    refuse_host("index", where)
    for one in where if isinstance(where, tuple) else (where,):
        if isinstance(one, list):
            raise StrictDeviceError("index by a list; make it an array first")


def _has_mask(where: Any) -> bool:
    bits = where if isinstance(where, tuple) else (where,)
    return any(is_device(one) and one.dtype == bool for one in bits)


def _operator(name: str, apply: Any) -> Any:
    def operate(self: ndarray, other: Any) -> Any:
        return apply(self, other, name)

    return operate


def _unary(name: str) -> Any:
    def operate(self: ndarray) -> Any:
        return wrap(getattr(self._strict_host, name)())

    return operate


def _method(name: str) -> Any:
    """A method of the real class that NumPy has too, and does the same."""

    @np.errstate(all="ignore")
    def call(self: ndarray, *args: Any, **keywords: Any) -> Any:
        surface.bind(PATH, name, args, keywords)
        refuse_host(f"ndarray.{name}", *args, *keywords.values())
        given = {key: unwrap(value) for key, value in keywords.items()}
        return wrap(getattr(self._strict_host, name)(*unwrap(args), **given))

    return call


def _attribute(name: str) -> Any:
    return property(lambda self: wrap(getattr(self._strict_host, name)))


def _complete() -> None:
    """Give the class what the recorded surface has."""
    ndarray.__module__ = "cupy"
    for name in ARITHMETIC:
        setattr(ndarray, f"__{name}__", _operator(f"__{name}__", _binary))
        setattr(ndarray, f"__r{name}__", _operator(f"__r{name}__", _binary))
        if name != "divmod":
            setattr(ndarray, f"__i{name}__", _operator(f"__i{name}__", _in_place))
    for name in COMPARISONS:
        setattr(ndarray, f"__{name}__", _operator(f"__{name}__", _binary))
    for name in UNARY:
        setattr(ndarray, f"__{name}__", _unary(f"__{name}__"))
    for name in surface.names(PATH):
        if hasattr(np.ndarray, name):
            same = _method if surface.kind(PATH, name) == "method" else _attribute
            setattr(ndarray, name, same(name))


_complete()
import strict_device.array_methods  # noqa: E402, F401  # what differs from NumPy
