"""Columns of a cuDF frame as canonical values on the device, equal to what Arrow makes of them.

A value that would be an error is not judged here: :class:`Unfit` sends the part to the Arrow
reader, which names file, column and row.
"""

from typing import Any

import cudf
import cupy
import numpy as np
import pyarrow as pa

from cfdist.algorithms.hashing import splitmix64
from cfdist.input.ids import MAX_INT64, inexact
from cfdist.input.timestamps import micros_of_floats, micros_of_integers
from cfdist.schema import MAX_ID_BYTES
from cfdist.settings import IngestSettings


class Unfit(Exception):  # noqa: N818 - not an error: another reader tells of it
    """A value that is an error, or cannot be judged on a device."""


def ids(column: Any) -> Any:
    """The ids as int64 or text; null where they are missing, an empty text or a NaN.

    Raises
    ------
    Unfit
        An id is no whole number, does not fit int64, is no UTF-8 text or is too long.
    """
    kind = column.dtype.kind
    if kind == "f":
        return _whole(column)
    if kind not in "iu":
        return _texts(column)
    if column.dtype == np.uint64:
        _require(column.fillna(0).to_cupy() <= np.uint64(MAX_INT64))
    return column.astype("int64")


def _whole(column: Any) -> Any:
    missing, numbers = column.isna().to_cupy(), column.fillna(0).to_cupy()
    wrong, large = inexact(numbers)
    _require(~(wrong | large))
    return cudf.Series(numbers.astype(np.int64)).where(cudf.Series(~missing))


def _texts(column: Any) -> Any:
    """Texts of UTF-8, null where empty.

    Notes
    -----
    cuDF does not look at the bytes, and its counts of characters are undefined where they are not
    UTF-8: Arrow validates the distinct texts on the host.
    """
    lengths = column.str.byte_count().fillna(0).to_cupy()
    _require(lengths <= MAX_ID_BYTES)
    try:
        column.drop_duplicates().to_arrow().validate(full=True)
    except pa.ArrowInvalid:
        raise Unfit from None
    return column.where(cudf.Series(lengths > 0)) if bool((lengths == 0).any()) else column


def _require(fit: Any) -> None:
    if not bool(fit.all()):
        raise Unfit


def numbers(column: Any) -> Any:
    """float64 on the device, NaN where missing."""
    values = column.fillna(0).astype("float64").to_cupy()
    return cupy.where(column.isna().to_cupy(), np.nan, values)


def times(column: Any, settings: IngestSettings) -> tuple[Any, Any]:
    """Microseconds since 1970 UTC on the device, and which of them are known."""
    known = ~column.isna().to_cupy()
    unit: str = settings.timestamp_unit or "us"
    if column.dtype.kind == "f":
        return micros_of_floats(numbers(column), unit), known
    if column.dtype.kind == "M":
        unit = np.datetime_data(column.dtype)[0]
        column = column.astype("int64")
    return micros_of_integers(column.fillna(0).to_cupy(), unit), known


def hash_column(column: Any, seed: int) -> Any:
    """uint64 hash of each id on the device, that of :func:`~cfdist.algorithms.hashing.hash_ids`.

    A null has some hash.

    Notes
    -----
    cuDF's ``xxhash64`` of one column of texts is XXH64 of their bytes with that seed; of integers
    it is not splitmix64, which is computed here.
    """
    if column.dtype.kind == "i":
        return splitmix64(column.fillna(0).to_cupy(), seed)
    return column.hash_values(method="xxhash64", seed=seed).to_cupy()
