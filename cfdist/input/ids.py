"""Ids as int64 or text, exactly as they are; what would change on the way is an error."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cfdist.algorithms.namespace import namespace_of
from cfdist.errors import DataError
from cfdist.input.source import Part, id_kind
from cfdist.schema import MAX_ID_BYTES

MAX_INT64 = 2**63 - 1


def read_ids(values: pa.Array, column: str, wanted: pa.DataType, part: Part) -> pa.Array:
    """The ids as ``wanted``, int64 or string; an empty text and a NaN are missing ids.

    Raises
    ------
    DataError
        An id is no whole number, does not fit int64, is no UTF-8 text or is too long: names
        file, column and row.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = id_kind(values.type)
    if kind == "null":
        return pa.nulls(len(values), wanted)
    if kind == "float":
        values = _whole(values, column, part)
    elif pa.types.is_uint64(values.type):
        _require_int64(values, column, part)
    ids = values.cast(wanted)
    return _texts(ids, column, part) if pa.types.is_string(wanted) else ids


def _whole(values: pa.Array, column: str, part: Part) -> pa.Array:
    """Floats that are whole and below what their type holds exactly, as int64; NaN is null."""
    numbers = np.asarray(values.fill_null(np.nan))
    limit = exact_limit(numbers.dtype)
    wrong, large = inexact(numbers)
    for bad, problem in (
        (wrong, "is not a whole number"),
        (large, f"is a {values.type}, exact below {limit:.0f} only"),
    ):
        if bad.any():
            row = int(np.argmax(bad))
            remedy = "store the ids as int64 or string"
            raise part.error(column, row, numbers[row], problem, remedy)
    missing = np.isnan(numbers)
    return pa.array(np.where(missing, 0, numbers).astype(np.int64), mask=missing)


def exact_limit(dtype: np.dtype[Any]) -> float:
    """The number below which a float type holds every whole number."""
    return float(2.0 ** (np.finfo(dtype).nmant + 1))


def inexact(numbers: NDArray[np.floating]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of the floats that are not whole, and of those too large to be exact; NaN is neither.

    On the host or a device.
    """
    xp = namespace_of(numbers)
    missing = xp.isnan(numbers)
    wrong = ~missing & ~(xp.isfinite(numbers) & (xp.floor(numbers) == numbers))
    large = ~missing & ~(abs(numbers.astype(np.float64)) < exact_limit(numbers.dtype))
    return wrong, large


def _require_int64(values: pa.Array, column: str, part: Part) -> None:
    large = np.asarray(values.fill_null(0)) > MAX_INT64
    if large.any():
        row = int(np.argmax(large))
        remedy = "store the ids as int64 or string"
        raise part.error(column, row, values[row], "does not fit int64", remedy)


def _texts(ids: pa.Array, column: str, part: Part) -> pa.Array:
    try:
        ids.validate(full=True)
    except pa.ArrowInvalid:
        raise _not_text(ids, column, part) from None
    lengths = pc.fill_null(pc.binary_length(ids), 0)
    longest = pc.max(lengths).as_py() or 0
    if longest > MAX_ID_BYTES:
        row = pc.index(lengths, longest).as_py()
        problem = f"the id has {longest:,} bytes, at most {MAX_ID_BYTES:,} fit"
        raise part.error(column, row, None, problem, "shorten the id, or check the column")
    return pc.if_else(pc.equal(lengths, 0), pa.scalar(None, ids.type), ids)


def _not_text(ids: pa.Array, column: str, part: Part) -> DataError:
    """The error of the first id that is not UTF-8."""
    valid = [_is_utf8(value) for value in ids.cast(pa.binary()).to_pylist()]
    row = valid.index(False)
    return part.error(column, row, None, "the id is not UTF-8 text", "write the file again")


def _is_utf8(value: bytes | None) -> bool:
    try:
        (value or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def is_missing(ids: pa.Array) -> NDArray[np.bool_]:
    """Mask of the null ids."""
    return np.asarray(pc.is_null(ids))
