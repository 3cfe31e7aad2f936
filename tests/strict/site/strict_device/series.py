"""`cudf.Series` and `cudf.Index` where they differ from pandas."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from strict_device import counting, device_memory, surface
from strict_device.accessors import Accessor
from strict_device.array import ndarray, on_device
from strict_device.arrow_types import arrow_type, cast, column_type, dtype_of
from strict_device.errors import StrictDeviceError
from strict_device.frames import (
    Frame,
    arrow,
    bind_methods,
    buffers,
    n_bytes,
    refuse_host,
    series,
    wrap_frame,
)
from strict_device.wrapping import is_device

SEEDED = ("murmur3", "xxhash64")


class SingleColumn(Frame):
    """One column."""

    @property
    def dtype(self) -> Any:
        """As NumPy calls it; strings are pandas's."""
        return (
            dtype_of(arrow(self._frame).type) if len(self) or self._typed() else self._frame.dtype
        )

    @property
    def values(self) -> ndarray:
        """As a cupy array."""
        return self.to_cupy()

    def to_arrow(self) -> pa.Array:
        """On the host."""
        counting.count("to_host", n_bytes(self._frame))
        return arrow(self._frame).combine_chunks()

    def to_pandas(self, **keywords: Any) -> Any:
        """On the host."""
        counting.count("to_host", n_bytes(self._frame))
        column = arrow(self._frame)
        if isinstance(self._frame, pd.Index):
            return pd.Index(column.to_pandas(), name=self._frame.name)
        return pd.Series(column.to_pandas().array, index=self._frame.index, name=self._frame.name)

    def to_numpy(self, *args: Any, **keywords: Any) -> np.ndarray:
        """On the host."""
        counting.count("to_host", n_bytes(self._frame))
        return arrow(self._frame).to_pandas().to_numpy(*args, **keywords)

    def to_cupy(self, dtype: Any = None, copy: bool = False, na_value: Any = None) -> ndarray:
        """A device array; integers with nulls become float64, in silence, as there."""
        column = arrow(self._frame)
        if na_value is not None:
            column = column.fill_null(na_value)
        if not (
            pa.types.is_integer(column.type)
            or column.type in (pa.float32(), pa.float64(), pa.bool_())
        ):
            raise NotImplementedError(f"CuPy does not support {self.dtype}")
        if column.null_count and dtype is not None:
            raise ValueError(f"cannot convert to '{dtype}'-dtype NumPy array with missing values")
        if column.null_count and column.type == pa.bool_():
            raise ValueError(f"Column must have no nulls for dtype={self.dtype}")
        host = column.to_numpy()
        return on_device(np.array(host, dtype=dtype or None))

    def factorize(self, *args: Any, **keywords: Any) -> tuple[ndarray, "Index"]:
        """Codes (−1 is null) and what they mean, sorted by bytes if asked."""
        sort = args[0] if args else keywords.get("sort", False)
        if not keywords.get("use_na_sentinel", True):
            raise StrictDeviceError("factorize: the stand-in has use_na_sentinel=True only")
        column = _nans_to_nulls(arrow(self._frame)).combine_chunks()
        unique = column.drop_null().unique()
        if sort:
            unique = unique.take(pc.sort_indices(unique))
        codes = pc.index_in(column, unique).fill_null(-1).cast(pa.int64())
        made = pd.Index(pd.arrays.ArrowExtensionArray(pa.chunked_array([unique])))
        return on_device(np.array(codes)), wrap_frame(made)

    @classmethod
    def from_arrow(cls, array: Any) -> Any:
        """From the host, explicitly."""
        column = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
        counting.count("to_device", column.nbytes)
        return cls(wrap_frame(series(column.cast(column_type(column.type)))))

    def _typed(self) -> bool:
        return isinstance(self._frame.dtype, pd.ArrowDtype)


@bind_methods
class Series(SingleColumn):
    """A column with an index."""

    def __init__(self, data: Any = None, *args: Any, **keywords: Any) -> None:
        surface.bind("cudf", "Series", (data, *args), keywords)
        index = args[0] if args else keywords.get("index")
        dtype = args[1] if len(args) > 1 else keywords.get("dtype")
        column = _column_of(data)
        column = column if dtype is None else cast(column, arrow_type(dtype))
        index = index._frame if index is not None else getattr(data, "_index_of", lambda: None)()
        name = keywords.get("name", getattr(getattr(data, "_frame", None), "name", None))
        self.__dict__.update(wrap_frame(series(column, index, name)).__dict__)
        _hold(self)

    @property
    def str(self) -> Accessor:
        """Functions of text."""
        if not pa.types.is_large_string(arrow(self._frame).type):
            raise AttributeError("Can only use .str accessor with string values")
        return Accessor("cudf.core.accessors.StringMethods", self._frame, "str")

    @property
    def dt(self) -> Accessor:
        """Functions of time."""
        return Accessor("cudf.core.series.DatetimeProperties", self._frame, "dt")

    def isna(self) -> "Series":
        """Null or NaN."""
        return self._like(pc.is_null(arrow(self._frame), nan_is_null=True))

    isnull = isna

    def notna(self) -> "Series":
        """Neither null nor NaN."""
        return self._like(pc.invert(pc.is_null(arrow(self._frame), nan_is_null=True)))

    notnull = notna

    def fillna(self, value: Any, **keywords: Any) -> "Series":
        """Null and NaN replaced."""
        refuse_host("cudf.Series.fillna", value)
        filled = series(_nans_to_nulls(arrow(self._frame)), self._frame.index, self._frame.name)
        return wrap_frame(filled.fillna(getattr(value, "_frame", value)))

    def astype(self, dtype: Any, copy: Any = None, errors: Any = "raise") -> "Series":
        """As another type; of a time, ticks in its own unit."""
        return self._like(cast(arrow(self._frame), arrow_type(dtype)))

    def hash_values(self, method: Any = "murmur3", seed: int | None = None) -> "Series":
        """XXH64 of the bytes; nulls may give anything."""
        if method != "xxhash64":
            raise StrictDeviceError(f"hash_values: the stand-in has xxhash64, not {method}")
        hashes = [_hashed(one, seed or 0) for one in arrow(self._frame).to_pylist()]
        return self._like(pa.array(hashes, pa.uint64()))

    def unique(self) -> "Series":
        """Values in the order of their first rows."""
        return wrap_frame(
            series(_nans_to_nulls(arrow(self._frame)).unique(), name=self._frame.name)
        )

    def __setitem__(self, where: Any, value: Any) -> None:
        raise StrictDeviceError("setting elements of a series; use where")

    def _like(self, column: Any) -> "Series":
        column = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
        return wrap_frame(series(column, self._frame.index, self._frame.name))

    def _index_of(self) -> Any:
        return self._frame.index


@bind_methods
class Index(SingleColumn):
    """Labels of rows, or categories."""

    def __init__(self, data: Any = None, *args: Any, **keywords: Any) -> None:
        surface.bind("cudf", "Index", (data, *args), keywords)
        column = _column_of(data)
        self.__dict__.update(wrap_frame(pd.Index(pd.arrays.ArrowExtensionArray(column))).__dict__)
        _hold(self)


def _hold(made: Frame) -> None:
    device_memory.hold_buffers(made, buffers(made._frame))


def _column_of(data: Any) -> pa.ChunkedArray:
    if isinstance(data, Frame):
        return arrow(data._frame)
    if is_device(data):
        return pa.chunked_array([pa.array(np.array(data._strict_host), from_pandas=True)])
    refuse_host("cudf", data)
    column = pa.array([] if data is None else data, from_pandas=True)
    counting.count("to_device", column.nbytes)
    return pa.chunked_array([column.cast(column_type(column.type))])


def _nans_to_nulls(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.type not in (pa.float32(), pa.float64()):
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _hashed(value: Any, seed: int) -> int:
    if value is None:
        return 0xDEAD_BEEF
    if isinstance(value, str):
        return xxhash.xxh64_intdigest(value.encode(), seed)
    return xxhash.xxh64_intdigest(np.asarray(value).tobytes(), seed)
