"""One score out of several: a weighted sum, each part divided by its highest score per user."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, row_of_entries
from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.segments import highest_where


def blend_tiles(
    tiles: Sequence[NDArray[np.float32]],
    weights: Sequence[float],
    owned: CsrBlock,
    denied: NDArray[np.integer] | None = None,
) -> NDArray[np.float32]:
    """Σ_p w_p · S_p / max S_p, float32 ``(n_rows, n_articles)``, where the tiles are.

    Parameters
    ----------
    tiles
        Scores S_p of each part, ``(n_rows, n_articles)``; the same users in each.
    weights
        w_p ≥ 0, one per tile; a part of weight 0 costs nothing.
    owned
        What the lists of the same users may not hold: the maximum is over the rest.
    denied
        Articles that no list may hold.

    Notes
    -----
    Parts differ in scale by orders of magnitude, and in each the scale differs between users by
    the length of the history; after the division 1 is the part's favourite. A part without a
    positive score for a user adds nothing to that user's row. Cost: two passes over each tile;
    one array like a tile and one byte per entry beside the result.
    """
    free = _not_owned(owned)
    if denied is not None:
        free[:, denied] = False
    total: NDArray[np.float32] = namespace_of(owned.data).zeros(owned.shape, dtype=np.float32)
    for tile, weight in zip(tiles, weights, strict=True):
        if weight:
            total += tile * _factors(tile, weight, free)
    return total


def _factors(
    tile: NDArray[np.float32], weight: float, free: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Weight over the highest score of each row, ``(n_rows, 1)``; 0 where none is positive."""
    xp = namespace_of(tile)
    highest = highest_where(tile, free).astype(np.float64)
    positive = highest > 0
    factors: NDArray[np.floating] = xp.where(
        positive, weight / xp.where(positive, highest, 1.0), 0.0
    )
    return factors.astype(np.float32)


def _not_owned(owned: CsrBlock) -> NDArray[np.bool_]:
    """Mask of the articles that each row may be recommended."""
    xp = namespace_of(owned.indices)
    free: NDArray[np.bool_] = xp.ones(owned.shape, dtype=np.bool_)
    free[row_of_entries(owned), owned.indices] = False
    return free
