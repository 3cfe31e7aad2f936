"""Baskets × articles: what was taken together."""

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted
from cfdist.algorithms.interactions import InteractionBlock, run_starts


def basket_articles(
    block: InteractionBlock,
    article_codes: NDArray[np.int32],
    n_articles: int,
    max_articles: int,
) -> tuple[CsrBlock, int]:
    """Baskets × articles (ones) of a block, and how many baskets were larger than allowed.

    A basket is what one user took under one basket id, or on one day without such ids.
    """
    bought = block.quantity > 0
    user, basket = block.user[bought], block.basket[bought]
    article = article_codes[block.article[bought]]
    one_basket = user.astype(np.int64) * (int(basket.max(initial=0)) + 1) + basket
    order = np.argsort(one_basket, kind="stable")  # a user's rows are by article already
    one_basket, article = one_basket[order], article[order]
    first = run_starts(one_basket)
    number = np.zeros(len(article), dtype=np.int64)
    number[first[1:]] = 1
    number = np.cumsum(number)
    distinct = run_starts(number, article)
    number, article = number[distinct], article[distinct]
    sizes = np.bincount(number, minlength=len(first))
    small = sizes <= max_articles
    renumber = np.cumsum(small) - 1
    kept = small[number]
    shape = (int(np.count_nonzero(small)), n_articles)
    ones = np.ones(int(np.count_nonzero(kept)), dtype=np.float32)
    baskets = csr_from_sorted(renumber[number[kept]], article[kept], ones, shape)
    return baskets, int(np.count_nonzero(~small))
