"""`cudf.read_parquet`: from a file to the device, counted."""

from typing import Any

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from strict_device.data_frame import DataFrame, concat, to_device
from strict_device.errors import StrictDeviceError
from strict_device.series import Index, Series

SERVED = {"columns", "row_groups", "storage_options", "use_pandas_metadata", "dataset_kwargs",
          "nrows", "skip_rows", "engine"}  # fmt: skip


def read_parquet(filepath_or_buffer: Any, **keywords: Any) -> DataFrame:
    """The rows of row groups, in the order of the file."""
    unknown = sorted(keywords.keys() - SERVED)
    if unknown:
        raise StrictDeviceError(f"cudf.read_parquet: the stand-in does not have {unknown}")
    many = isinstance(filepath_or_buffer, list | tuple)
    files = filepath_or_buffer if many else [filepath_or_buffer]
    groups = keywords.get("row_groups") or [None] * len(files)
    if len(groups) != len(files):
        raise ValueError("Must specify row groups for each source")
    options = keywords.get("storage_options")
    tables = [
        _read(*pair, keywords.get("columns"), options) for pair in zip(files, groups, strict=True)
    ]
    table = pa.concat_tables(tables, promote_options="permissive")
    return to_device(
        table.slice(keywords.get("skip_rows") or 0, keywords.get("nrows")), from_file=True
    )


def _read(file: Any, groups: Any, columns: list[str] | None, options: Any) -> pa.Table:
    opened = (
        file if hasattr(file, "read") else fsspec.open(str(file), "rb", **(options or {})).open()
    )
    with opened as stream:
        source = pq.ParquetFile(stream)
        groups = range(source.num_row_groups) if groups is None else groups
        table = source.read_row_groups(list(groups), columns=columns, use_threads=False)
        return table.select(columns) if columns is not None else table


def from_pandas(obj: Any, nan_as_null: Any = None) -> Any:
    """From the host, explicitly."""
    if isinstance(obj, pd.DataFrame):
        return to_device(pa.Table.from_pandas(obj))
    return Series.from_arrow(pa.array(obj, from_pandas=True))


OWN = {
    "DataFrame": DataFrame,
    "Index": Index,
    "NA": pd.NA,
    "NaT": pd.NaT,
    "Series": Series,
    "concat": concat,
    "dtype": lambda arbitrary: pd.api.types.pandas_dtype(arbitrary),
    "from_pandas": from_pandas,
    "merge": lambda left, right, *args, **keywords: left.merge(right, *args, **keywords),
    "read_parquet": read_parquet,
    "get_option": lambda name: {"spill": False, "mode.pandas_compatible": False}[name],
    "set_option": lambda name, val: None,
}
