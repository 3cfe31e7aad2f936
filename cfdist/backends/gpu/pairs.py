"""Which articles are bought together, counted on the device: exact integers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, row_of_entries, take_rows
from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.pairs import PairCounts
from cfdist.backends.gpu.expansion import counts
from cfdist.backends.gpu.moving import to_host
from cfdist.backends.gpu.top_k import LOWER, NONE, smallest
from cfdist.backends.tiles import score_tile_rows


def count_pairs(
    articles: range,
    by_article: CsrBlock,
    baskets: CsrBlock,
    asked: NDArray[np.int64],
    n: int,
    min_count: int,
) -> PairCounts:
    """The ``n`` most frequent partners of each article, as :mod:`cfdist.algorithms.pairs`.

    Notes
    -----
    A tile of articles has dense counts. Three arrays per tile come to the host.
    """
    xp = namespace_of(by_article.indptr)
    by_rank = _by_rarity(by_article)
    step = score_tile_rows(by_article.shape[0])
    result = PairCounts(
        np.full((len(articles), n), -1, dtype=np.int64),
        np.zeros((len(articles), n), np.int64),
        np.zeros(asked.shape, np.int64),
    )
    for first in range(0, len(articles), step):
        run = articles[first : first + step]
        tile = take_rows(by_article, xp.arange(run.start, run.stop))
        together = _together(tile, baskets)
        asked_counts = _asked(together, asked[first : first + step])
        together[xp.arange(len(run)), xp.arange(run.start, run.stop)] = 0
        found = _most_frequent(together, by_rank, n, max(min_count, 1))
        for whole, part in zip(result, to_host((*found, asked_counts)), strict=True):
            whole[first : first + len(run), : part.shape[1]] = part
    return result


def _by_rarity(by_article: CsrBlock) -> Any:
    """Articles by (baskets, article): of two as frequent partners the first has the larger lift."""
    xp = namespace_of(by_article.indptr)
    return xp.sort((xp.diff(by_article.indptr) << 32) | xp.arange(by_article.shape[0])) & LOWER


def _together(tile: CsrBlock, baskets: CsrBlock) -> Any:
    """Baskets that each article of the tile shares with every other."""
    return counts(row_of_entries(tile), tile.indices, baskets, tile.shape[0])


def _asked(together: Any, asked: Any) -> Any:
    xp = namespace_of(together)
    found = xp.take_along_axis(together, xp.maximum(asked, 0), axis=1)
    return xp.where(asked >= 0, found, 0)


def _most_frequent(together: Any, by_rank: Any, n: int, min_count: int) -> tuple[Any, Any]:
    """Partners by (−count, rank), −1 for none, and their counts, at most n of each row."""
    xp = namespace_of(together)
    keys = together[:, by_rank]
    few = keys < min_count
    xp.negative(keys, out=keys)
    keys <<= 32
    keys |= xp.arange(len(by_rank))
    keys[few] = NONE
    best = smallest(keys, n)
    some = best != NONE
    partners = by_rank[xp.where(some, best & LOWER, 0)]
    return xp.where(some, partners, -1), xp.where(some, -(best >> 32), 0)
