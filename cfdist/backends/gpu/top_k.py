"""The best entries of each row of dense scores: exact, and the same for equal scores every time.

A score and its article are one int64 key: above the bits of the float32 score, put so that a
better score is a smaller number, below the article. Sorted keys are sorted by (−score, article).
"""

from typing import Any

import numpy as np

from cfdist.algorithms.csr import CsrBlock, row_of_entries
from cfdist.algorithms.exact_neighbors import NOTHING
from cfdist.algorithms.lists import Blocked, denied_of
from cfdist.algorithms.namespace import namespace_of

NONE = np.iinfo(np.int64).max
"""Key of what may not be listed; no article has it, as indexes are below 2³¹."""
LOWER = 0xFFFFFFFF
MAGNITUDE = 0x7FFFFFFF


def top_k_masked(scores: Any, blocked: CsrBlock | Blocked, k: int, positive: bool) -> Any:
    """Keys of the best k articles of each row, int64 ``(n_rows, min(k, n_articles))``.

    Parameters
    ----------
    scores : float32 ``(n_rows, n_articles)`` on the device
    blocked
        What each row may not hold; of as many rows.
    positive : bool
        Whether scores ≤ 0 are none, too; −inf and NaN always are.

    Notes
    -----
    The smallest keys are wanted, not the largest, as cupy's partition is fast only for a small k
    from the front. Memory: the keys and one copy of them, 16 bytes per score.
    """
    xp = namespace_of(scores)
    keys = score_keys(scores, xp.arange(scores.shape[1]))
    keys[~(scores > (0 if positive else -np.inf))] = NONE
    owned = blocked.owned if isinstance(blocked, Blocked) else blocked
    keys[row_of_entries(owned), owned.indices] = NONE
    keys[:, denied_of(blocked)] = NONE
    return smallest(keys, k)


def score_keys(scores: Any, articles: Any) -> Any:
    """Keys of scores and the articles that they are of; both 0 are equal."""
    xp = namespace_of(scores)
    bits = (scores + xp.float32(0)).view(xp.int32)
    bits ^= (bits >> 31) & MAGNITUDE  # ascending as integers; once more gives the bits back
    keys = (~bits).astype(xp.int64)
    keys <<= 32
    keys |= articles
    return keys


def smallest(keys: Any, k: int) -> Any:
    """The k smallest keys of each row, ascending."""
    xp = namespace_of(keys)
    if k < keys.shape[1]:
        keys = xp.ascontiguousarray(xp.partition(keys, k - 1, axis=1)[:, :k])
    return xp.sort(keys, axis=1)


def decoded(keys: Any) -> tuple[Any, Any]:
    """Articles and scores of keys, where these are; −1 and :data:`NOTHING` for none."""
    xp = namespace_of(keys)
    bits = ~(keys >> 32).astype(xp.int32)
    bits ^= (bits >> 31) & xp.int32(MAGNITUDE)
    is_none = keys == NONE
    return xp.where(is_none, -1, keys & LOWER), xp.where(is_none, NOTHING, bits.view(xp.float32))
