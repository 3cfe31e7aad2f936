"""Numbers that arrive as numbers, or as text where there is nothing else."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cfdist.input.source import Part

REMEDY = "correct the value, or check which column is meant"


def read_numbers(values: pa.Array, column: str, part: Part) -> NDArray[np.float64] | None:
    """float64, NaN where missing; None if the column holds something else.

    Raises
    ------
    DataError
        A text is not a number: names file, column and row.
    """
    kind = values.type
    if pa.types.is_null(kind):
        return np.full(len(values), np.nan)
    if pa.types.is_string(kind) and part.is_text(column):
        values = _parse(values, column, part)
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return None
    return np.array(values.cast(pa.float64(), safe=False).fill_null(np.nan))


def _parse(texts: pa.Array, column: str, part: Part) -> pa.Array:
    texts = blank_to_null(pc.utf8_trim_whitespace(texts))
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        row = next(row for row, text in enumerate(texts) if not _is_number(text))
        raise part.error(column, row, texts[row], "is not a number", REMEDY) from None


def _is_number(text: pa.Scalar) -> bool:
    try:
        text.cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def blank_to_null(texts: pa.Array) -> pa.Array:
    """The texts, null where they are empty."""
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
