"""How interactions become the weights of users × articles."""

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted
from cfdist.algorithms.interactions import InteractionBlock, run_starts


def user_item_weights(
    block: InteractionBlock,
    article_codes: NDArray[np.int32],
    n_articles: int,
    aggregate: str,
    returns: str,
) -> CsrBlock:
    """Users × articles of a block: every pair ever seen, weight 0 where nothing was kept.

    Parameters
    ----------
    article_codes : int32 ``(n_articles of the block,)`` global index of each local article
    aggregate : {"count", "sum"}
        Number of purchases, or sum of their quantities.
    returns : {"drop", "net"}
        Whether returned quantities are ignored or subtracted.
    """
    with_user = block.user >= 0
    user, article = block.user[with_user], article_codes[block.article[with_user]]
    quantity = block.quantity[with_user]
    starts = run_starts(user, article)
    if aggregate == "sum":
        bought = np.where(quantity > 0, quantity, 0.0)
        weights = _net(quantity, starts) if returns == "net" else _sum_runs(bought, starts)
    else:
        weights = _sum_runs((quantity > 0).astype(np.float64), starts)
        if returns == "net":
            net = weights - _sum_runs((quantity < 0).astype(np.float64), starts)
            weights = np.where(_net(quantity, starts) > 0, np.maximum(net, 1), 0)
    shape = (len(block.user_ids), n_articles)
    return csr_from_sorted(user[starts], article[starts], weights, shape)


def weigh(block: CsrBlock, weighting: str) -> CsrBlock:
    """The block under ``weighting``: ``log1p`` or ``none``."""
    return block._replace(data=np.log1p(block.data)) if weighting == "log1p" else block


def _net(quantity: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Quantity left after returns; 0.1 + 0.2 − 0.3 leaves rounding only, which is nothing."""
    left = _sum_runs(quantity, starts)
    return np.where(left > 1e-9 * _sum_runs(np.abs(quantity), starts), left, 0.0)


def _sum_runs(values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.add.reduceat(values, starts) if len(starts) else np.empty(0)
