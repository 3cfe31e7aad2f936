"""Types of cuDF: what it makes of Arrow's, and what it calls them."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

STRING = pd.StringDtype(na_value=np.nan)


def column_type(kind: pa.DataType, from_file: bool = False) -> pa.DataType:
    """The type in which cuDF holds a column of Arrow.

    Raises
    ------
    TypeError
        It has none.
    """
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_date(kind):
        return pa.timestamp("s") if pa.types.is_date32(kind) else pa.timestamp("ms")
    if pa.types.is_timestamp(kind):
        return pa.timestamp(kind.unit) if from_file else kind  # a file's zone is forgotten
    if pa.types.is_dictionary(kind) and from_file:
        return column_type(kind.value_type)
    known = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_duration, pa.types.is_decimal)
    if any(is_it(kind) for is_it in known) or kind in (pa.float32(), pa.float64()):
        return kind
    raise TypeError(f"Unsupported type: {kind}")


def arrow_type(dtype: Any) -> pa.DataType:
    """Arrow's type of a dtype as `astype` takes it."""
    if dtype is str or dtype == "str" or isinstance(dtype, pd.StringDtype):
        return pa.large_string()
    return column_type(pa.from_numpy_dtype(np.dtype(dtype)))


def dtype_of(kind: pa.DataType) -> Any:
    """What cuDF says is the dtype of a column."""
    if pa.types.is_large_string(kind):
        return STRING
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pd.DatetimeTZDtype(kind.unit, kind.tz)
    if pa.types.is_decimal(kind):
        return pd.ArrowDtype(kind)
    return np.dtype(kind.to_pandas_dtype()) if kind != pa.bool_() else np.dtype(bool)


def cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The column as another type; fractions are cut off, as on a device."""
    if pa.types.is_timestamp(column.type) and pa.types.is_integer(kind):
        return column.cast(pa.int64()).cast(kind, safe=False)  # ticks in its own unit
    return column.cast(kind, safe=False)
