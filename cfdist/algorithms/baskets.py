"""Baskets × articles: what was taken together; on the host or a device."""

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted
from cfdist.algorithms.interactions import InteractionBlock, run_starts
from cfdist.algorithms.namespace import namespace_of


def basket_articles(
    block: InteractionBlock,
    article_codes: NDArray[np.int32],
    n_articles: int,
    max_articles: int,
) -> tuple[CsrBlock, int]:
    """Baskets × articles (ones) of a block, and how many baskets were larger than allowed.

    A basket is what one user took under one basket id, or on one day without such ids.
    """
    xp = namespace_of(block.quantity)
    bought = block.quantity > 0
    user, basket = block.user[bought], block.basket[bought]
    article = article_codes[block.article[bought]]
    n_ids = int(basket.max()) + 1 if len(basket) else 1
    one_basket = user.astype(np.int64) * n_ids + basket
    order = xp.argsort(one_basket, kind="stable")  # a user's rows are by article already
    one_basket, article = one_basket[order], article[order]
    first = run_starts(one_basket)
    number = xp.zeros(len(article), dtype=np.int64)
    number[first[1:]] = 1
    number = xp.cumsum(number)
    distinct = run_starts(number, article)
    number, article = number[distinct], article[distinct]
    sizes = xp.bincount(number, minlength=len(first))
    small = sizes <= max_articles
    renumber = xp.cumsum(small) - 1
    kept = small[number]
    shape = (int(xp.count_nonzero(small)), n_articles)
    ones = xp.ones(int(xp.count_nonzero(kept)), dtype=np.float32)
    baskets = csr_from_sorted(renumber[number[kept]], article[kept], ones, shape)
    return baskets, int(xp.count_nonzero(~small))
