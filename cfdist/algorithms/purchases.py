"""What users bought and kept, and how long ago: the scores of their own articles."""

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, row_of_entries
from cfdist.algorithms.interactions import InteractionBlock, run_starts
from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.segments import segment_max

NO_TIME = np.iinfo(np.int64).min
FAINTEST = np.finfo(np.float32).smallest_subnormal


def last_purchases(block: InteractionBlock) -> NDArray[np.int64]:
    """Microseconds of the last purchase of each pair, int64 ``(nnz,)``; ``NO_TIME``: none.

    The pairs are those of :func:`~cfdist.algorithms.weighting.user_item_weights`, in its order.
    """
    with_user = block.user >= 0
    starts = run_starts(block.user[with_user], block.article[with_user])
    xp = namespace_of(block.timestamp)
    times = xp.where(block.quantity[with_user] > 0, block.timestamp[with_user], NO_TIME)
    last: NDArray[np.int64] = segment_max(times, starts)
    return last


def history_scores(
    weights: CsrBlock,
    n_bought: NDArray[np.int64],
    last_us: NDArray[np.int64],
    as_of_us: int,
    half_life_us: float,
) -> CsrBlock:
    """Weight × 2^(−age of the last purchase / half-life) of what was bought and kept, else 0.

    Parameters
    ----------
    n_bought : int64 ``(nnz,)`` purchases less returns, per entry of ``weights``
    last_us : int64 ``(nnz,)`` as :func:`last_purchases` returns it; ``NO_TIME`` does not fade
    as_of_us : int, microseconds since 1970; what is later counts in full

    Notes
    -----
    What fades below float32 keeps its smallest number: it is still a purchase, and comes last.
    """
    xp = namespace_of(last_us)
    age_us = xp.where(last_us == NO_TIME, 0, xp.maximum(as_of_us - xp.maximum(last_us, 0), 0))
    faded = weights.data.astype(np.float64) * xp.exp2(-age_us / half_life_us)
    kept = xp.where(n_bought > 0, xp.maximum(faded, FAINTEST), 0.0)
    return weights._replace(data=kept.astype(np.float32))


def entries_of(
    block: CsrBlock, rows: NDArray[np.integer], columns: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Position of stored entries among all entries of the block, which holds them."""
    width = block.shape[1]
    places = row_of_entries(block) * width + block.indices
    wanted = rows.astype(np.int64) * width + columns
    found: NDArray[np.int64] = namespace_of(places).searchsorted(places, wanted)
    return found
