"""The library that an array belongs to: NumPy, or cupy on a GPU."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np


def namespace_of(*arrays: Any) -> Any:
    """The module whose functions take these arrays.

    Notes
    -----
    A device array among them decides; mixing both is an error that cupy raises. cupy is never
    imported for this: whoever has one of its arrays has imported it.

    Examples
    --------
    >>> namespace_of(np.arange(3)).__name__
    'numpy'
    """
    for array in arrays:
        if type(array).__module__.partition(".")[0] == "cupy":
            return sys.modules["cupy"]
    return np


def lexsort(keys: Sequence[Any]) -> Any:
    """Order by several keys of one length, the last one first, as :func:`numpy.lexsort`.

    Notes
    -----
    cupy takes one two-dimensional array: keys of different types are brought to their common one,
    which must hold them exactly.

    Examples
    --------
    >>> lexsort([np.array([2, 1, 0]), np.array([0, 0, 1])]).tolist()
    [1, 0, 2]
    """
    xp = namespace_of(*keys)
    return np.lexsort(tuple(keys)) if xp is np else xp.lexsort(xp.stack(list(keys)))
