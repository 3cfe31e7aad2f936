"""When two backends agree, though they round differently: the limits, and the rule of lists."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-4
"""Of scores, at the end of a list: within it either entry is right."""
LEAST_SHARE = 0.999
"""Of the entries that must agree."""
VALUES_TOLERANCE = 5e-4
"""Of singular values, relative: both sides stop at an estimated error of 1e-4."""
FACTORS_SHARE = 0.999
"""Of the energy of article factors, within the span of the reference's."""
ORTHONORMAL_TOLERANCE = 1e-4
"""Of the entries of VᵀV."""


class Agreement(NamedTuple):
    """How far lists agree with the reference.

    Attributes
    ----------
    entries : int
        What both together have at most: a place that only one of them fills counts.
    agreeing : int
        Of those.
    worst_row : int
        The row with most entries that do not agree; -1 where all do.
    """

    entries: int
    agreeing: int
    worst_row: int

    @property
    def share(self) -> float:
        """Of the entries that agree; 1 where there are none."""
        return self.agreeing / self.entries if self.entries else 1.0


def agreement(
    found: NDArray[np.integer],
    reference: NDArray[np.integer],
    scores: NDArray[np.floating],
    sources: NDArray[np.integer] | None = None,
    tolerance: float = TOLERANCE,
) -> Agreement:
    """Share of the entries of ``found`` whose reference score is good enough for its place.

    Parameters
    ----------
    found : int ``(n_rows, k)``
        Ids, -1 for none.
    reference, scores : ``(n_rows, m)``
        Ranked ids of the reference and their scores, m ≥ k: with entries beyond the k-th, so
        that the score of an entry that just missed its list is known.
    sources : int ``(n_rows, m)``, optional
        Who scored each entry; scores of different sources are not compared.

    Notes
    -----
    An entry agrees if it is among the first k of the reference, or if its reference score is at
    least the k-th one less ``tolerance``. An entry that stands twice in a list agrees once.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.50004, 0.5, 0.2]])
    >>> agreement(np.array([[7, 5]]), np.array([[7, 3, 5, 4]]), scores).share
    1.0
    >>> agreement(np.array([[7, 4]]), np.array([[7, 3, 5, 4]]), scores).share
    0.5
    """
    k = found.shape[1]
    n_reference = np.count_nonzero(reference[:, :k] >= 0, axis=1)
    last = np.maximum(n_reference - 1, 0)[:, None]
    good = np.arange(reference.shape[1]) < k
    near = scores >= np.take_along_axis(scores, last, axis=1) - tolerance
    if sources is not None:
        near &= sources == np.take_along_axis(sources, last, axis=1)
    good = (good | near) & (reference >= 0)
    agrees = _among(found, reference, good)
    entries = np.maximum(np.count_nonzero(found >= 0, axis=1), n_reference)
    missing = entries - np.count_nonzero(agrees, axis=1)
    worst = int(np.argmax(missing)) if len(missing) and missing.any() else -1
    return Agreement(int(entries.sum()), int(np.count_nonzero(agrees)), worst)


def _among(
    found: NDArray[np.integer], reference: NDArray[np.integer], good: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mask of the entries of ``found`` that are among the good ones of the same row, each once."""
    width = int(max(found.max(initial=-1), reference.max(initial=-1))) + 1
    first = np.arange(len(found), dtype=np.int64)[:, None] * width
    wanted = (reference + first)[good]
    keys = np.where(found >= 0, found + first, -1)
    is_first = np.zeros(keys.size, dtype=bool)
    is_first[np.unique(keys.ravel(), return_index=True)[1]] = True
    return np.isin(keys, wanted) & (keys >= 0) & is_first.reshape(keys.shape)
