"""Ufuncs of cupy: NumPy's, with fewer parameters, and with methods for a few of them."""

from typing import Any

import numpy as np

from strict_device import call_log, surface
from strict_device.array import ndarray
from strict_device.checking import check_arguments
from strict_device.noise import last_bit
from strict_device.wrapping import unwrap, wrap

METHODS = {
    "accumulate": ("add", "multiply"),
    "at": ("add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor"),
    "outer": None,
    "reduce": ("add", "multiply"),
    "reduceat": ("add",),
}
"""Which ufuncs have which method; None: all."""


class Ufunc:
    """A function of elements."""

    def __init__(self, path: str, name: str, theirs: np.ufunc) -> None:
        self.__name__ = self._name = name
        self._path, self._theirs = path, theirs
        self.nin, self.nout, self.nargs = theirs.nin, theirs.nout, theirs.nargs

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        surface.bind(self._path, self._name, args, keywords)
        return self._on_device(self._theirs, args, keywords)

    def __getattr__(self, name: str) -> Any:
        if name not in METHODS:
            raise AttributeError(f"a ufunc of cupy has no {name!r}")
        if METHODS[name] is not None and self._theirs.__name__ not in METHODS[name]:
            raise NotImplementedError(f"`{self._name}.{name}` is not supported by cupy yet")

        def call(*args: Any, **keywords: Any) -> Any:
            call_log.note(f"{self._path}.{self._name}.{name}", args, keywords)
            result = self._on_device(getattr(self._theirs, name), args, keywords)
            if name == "at" and isinstance(args[0], ndarray):
                args[0]._strict_host[...] = last_bit(args[0]._strict_host)
            return result

        return call

    @np.errstate(all="ignore")  # a device warns of nothing
    def _on_device(self, theirs: Any, args: Any, keywords: Any) -> Any:
        check_arguments(self._path, self._name, args, keywords)
        given = {key: unwrap(value) for key, value in keywords.items()}
        return wrap(theirs(*unwrap(args), **given))
