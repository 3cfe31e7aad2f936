"""`.str`, `.dt` and groups: pandas's, behind the recorded names."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from strict_device import surface
from strict_device.errors import NotServedError
from strict_device.frames import arrow, caller, series, served_value, wrap_frame
from strict_device.noise import draws


class Accessor:
    """Functions of a column's text or time."""

    def __init__(self, path: str, host: Any, kind: str) -> None:
        self._path, self._host, self._kind = path, host, kind

    def byte_count(self) -> Any:
        """Bytes of the UTF-8 of each, int32."""
        surface.bind(self._path, "byte_count", (), {})
        counts = pc.binary_length(arrow(self._host)).cast(pa.int32())
        return wrap_frame(series(counts, self._host.index, self._host.name))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in surface.names(self._path):
            raise surface.missing(self._path, name)
        theirs = getattr(self._host, self._kind)
        if not hasattr(theirs, name):
            raise NotServedError(f"{self._path}.{name} is real, but pandas does not have it")
        if surface.kind(self._path, name) == "property":
            return served_value(getattr(theirs, name))
        return caller(self._path, name, getattr(theirs, name))


class Groups:
    """Groups of rows; unless they are asked to be sorted, results come in any order."""

    def __init__(self, host: Any, sorted_groups: bool) -> None:
        kind = type(host).__name__
        self._path = f"cudf.core.groupby.groupby.{kind}"
        self._host, self._sorted = host, sorted_groups

    def __getitem__(self, names: Any) -> "Groups":
        return Groups(self._host[names], self._sorted)

    def __iter__(self) -> Any:
        raise TypeError("iterating groups takes transfers per group")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in surface.names(self._path):
            raise surface.missing(self._path, name)

        def call(*args: Any, **keywords: Any) -> Any:
            return wrap_frame(self._in_any_order(theirs(*args, **keywords)._frame))

        theirs = caller(self._path, name, getattr(self._host, name))
        return call

    def _in_any_order(self, result: Any) -> Any:
        if self._sorted or len(result) == len(self._host.obj):
            return result  # transforms keep the order of the rows
        return result.iloc[draws.permutation(len(result))]
