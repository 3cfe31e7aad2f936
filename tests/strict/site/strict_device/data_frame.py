"""`cudf.DataFrame` where it differs from pandas."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from strict_device import counting, surface
from strict_device.accessors import Groups
from strict_device.array import ndarray
from strict_device.arrow_types import column_type
from strict_device.errors import StrictDeviceError
from strict_device.frames import (
    Frame,
    bind_methods,
    n_bytes,
    refuse_host,
    served_value,
    taken_apart,
    wrap_frame,
)
from strict_device.noise import draws
from strict_device.series import Series, _hold
from strict_device.wrapping import is_device


@bind_methods
class DataFrame(Frame):
    """Columns of one length."""

    def __init__(self, data: Any = None, *args: Any, **keywords: Any) -> None:
        surface.bind("cudf", "DataFrame", (data, *args), keywords)
        refuse_host("cudf.DataFrame", data)
        if not (data is None or isinstance(data, dict | DataFrame)):
            raise StrictDeviceError(f"cudf.DataFrame of {type(data).__name__}; give name → series")
        columns = data._frame if isinstance(data, DataFrame) else _columns(data or {})
        self.__dict__.update(wrap_frame(pd.DataFrame(columns)).__dict__)
        _hold(self)

    @classmethod
    def from_arrow(cls, table: pa.Table) -> "DataFrame":
        """From the host, explicitly."""
        surface.bind(cls._path, "from_arrow", (table,), {})
        return to_device(table)

    @property
    def columns(self) -> pd.Index:
        """Names, on the host."""
        return self._frame.columns

    @columns.setter
    def columns(self, names: Any) -> None:
        self._frame.columns = names

    @property
    def dtypes(self) -> pd.Series:
        """Types of the columns, on the host."""
        return pd.Series({name: self[name].dtype for name in self._frame.columns}, dtype=object)

    @property
    def values(self) -> ndarray:
        """As a cupy array."""
        return self.to_cupy()

    def to_cupy(self, *args: Any, **keywords: Any) -> ndarray:
        """A column-major device array."""
        from cupy import asfortranarray, stack

        return asfortranarray(stack([self[name].to_cupy() for name in self._frame.columns], axis=1))

    def to_arrow(self, preserve_index: bool | None = None) -> pa.Table:
        """On the host."""
        counting.count("to_host", n_bytes(self._frame))
        return pa.Table.from_pandas(self._frame, preserve_index=preserve_index)

    def to_pandas(self, **keywords: Any) -> pd.DataFrame:
        """On the host."""
        return pd.DataFrame({name: self[name].to_pandas() for name in self._frame.columns})

    def groupby(self, *args: Any, **keywords: Any) -> Groups:
        """Groups, of which the order is not known unless `sort` asks for it."""
        keywords = {"sort": False, "observed": True, **keywords}
        given = {key: taken_apart(value) for key, value in keywords.items()}
        return Groups(
            self._frame.groupby(*[taken_apart(one) for one in args], **given), keywords["sort"]
        )

    def merge(self, right: "DataFrame", *args: Any, **keywords: Any) -> "DataFrame":
        """Joined rows, in any order unless `sort` asks for one."""
        joined = self._frame.merge(taken_apart(right), *args, **keywords)
        if not keywords.get("sort"):
            joined = joined.iloc[draws.permutation(len(joined))].reset_index(drop=True)
        return wrap_frame(joined)

    def sort_values(self, by: Any, **keywords: Any) -> "DataFrame":
        """Sorted; equal rows in any order."""
        mixed = self._frame.iloc[draws.permutation(len(self))]
        return wrap_frame(mixed.sort_values(by, **keywords))

    def isna(self) -> "DataFrame":
        """Null or NaN."""
        return DataFrame({name: self[name].isna() for name in self._frame.columns})

    def items(self) -> Any:
        """Name and series of each column; nothing moves."""
        return ((name, self[name]) for name in self._frame.columns)

    def __setitem__(self, name: Any, value: Any) -> None:
        refuse_host("cudf.DataFrame[...] =", value)
        if isinstance(value, list | tuple):
            raise StrictDeviceError("setting a column to a list; make it a series first")
        changed = self._frame.assign(
            **{name: Series(value)._frame if is_device(value) else taken_apart(value)}
        )
        self.__dict__.update(wrap_frame(changed).__dict__)
        _hold(self)

    def __iter__(self) -> Any:
        return iter(self._frame.columns)

    def __contains__(self, name: Any) -> bool:
        return name in self._frame.columns

    def _column(self, name: str) -> Any:
        if "_frame" in self.__dict__ and name in self._frame.columns:
            return self[name]
        raise surface.missing(self._path, name)


def to_device(table: pa.Table, from_file: bool = False) -> DataFrame:
    """A table of the host as a frame."""
    counting.count("to_device", table.nbytes)
    kinds = [pa.field(one.name, column_type(one.type, from_file)) for one in table.schema]
    cast = pa.Table.from_arrays(
        [
            _decoded(column).cast(kind.type)
            for column, kind in zip(table.columns, kinds, strict=True)
        ],
        schema=pa.schema(kinds),
    )
    return wrap_frame(cast.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True))


def concat(objs: Any, *args: Any, **keywords: Any) -> Any:
    """Frames one below the other."""
    if not all(isinstance(one, Frame) for one in objs):
        raise StrictDeviceError("cudf.concat: only frames of cudf")
    return served_value(pd.concat([one._frame for one in objs], *args, **keywords))


def _columns(data: dict[str, Any]) -> dict[str, pd.Series]:
    return {name: _column(value) for name, value in data.items()}


def _column(value: Any) -> Any:
    if isinstance(value, np.generic | str | int | float):
        return value
    return taken_apart(value if isinstance(value, Series) else Series(value))


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
