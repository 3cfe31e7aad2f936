"""Scores of articles on the device, their best in lists on the host: ``algorithms.scoring`` again.

Lists are on the host. Scores are dense, a tile of rows at a time; of each tile one array of keys
comes to the host, as many for a row as a list is long: that always suffices, since what is listed
takes as many places as it takes candidates. So nothing of the lists goes to the device but which
rows have a free place, once; only these are scored.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms import scoring as host
from cfdist.algorithms.csr import CsrBlock, row_of_entries, take_rows
from cfdist.algorithms.lists import (
    Blocked,
    Lists,
    merge_ranked,
    short_rows,
    take_blocked,
)
from cfdist.algorithms.namespace import namespace_of
from cfdist.backends.gpu.expansion import weighted_sums
from cfdist.backends.gpu.moving import to_device, to_host
from cfdist.backends.gpu.pairs import count_pairs
from cfdist.backends.gpu.top_k import (
    LOWER,
    NONE,
    decoded,
    score_keys,
    smallest,
    top_k_masked,
)
from cfdist.backends.tiles import RESCORED, latent_tile_rows, score_tile_rows

__all__ = [
    "count_pairs",
    "fill_dense",
    "fill_latent",
    "fill_ranked",
    "fill_sparse",
    "fill_through",
    "mean_through",
]


def fill_through(
    lists: Lists, weights: CsrBlock, table: CsrBlock, blocked: CsrBlock | Blocked, source: int
) -> None:
    """Fill free places by the weighted mean of ``table``'s rows; one transfer per tile."""
    for rows, at in _tiles(lists, score_tile_rows(table.shape[1])):
        tile = mean_through(take_rows(weights, at), table)
        best = top_k_masked(tile, take_blocked(blocked, at), _n_of(lists), positive=True)
        _merge(lists, rows, best, source)


def mean_through(weights: CsrBlock, table: CsrBlock) -> Any:
    """The scores of :func:`fill_through` as a dense tile, float32, on the device.

    Notes
    -----
    Sums are float64 in any order, so that a score may differ in its last bit from run to run.
    """
    xp = namespace_of(weights.data)
    n_rows = weights.shape[0]
    kept = xp.flatnonzero(weights.data > 0)
    rows = row_of_entries(weights)[kept]
    values = weights.data[kept].astype(xp.float64)
    total = weighted_sums(rows, weights.indices[kept], values, table, n_rows)
    mass = xp.bincount(rows, weights=values, minlength=n_rows).astype(xp.float64)
    total /= xp.where(mass > 0, mass, 1.0)[:, None]
    return total.astype(xp.float32)


def fill_dense(
    lists: Lists, tile: Any, first: int, blocked: CsrBlock | Blocked, source: int
) -> None:
    """Fill free places of the rows from ``first`` on by dense scores; one transfer per tile."""
    part = lists.part(slice(first, first + len(tile)))
    for rows, at in _tiles(part, score_tile_rows(tile.shape[1])):
        held = take_blocked(blocked, at + first)
        best = top_k_masked(tile[at], held, _n_of(lists), positive=False)
        _merge(part, rows, best, source)


def fill_latent(
    lists: Lists, user_factors: Any, item_factors: Any, blocked: CsrBlock | Blocked, source: int
) -> None:
    """Fill free places by the product of factors; one transfer per tile.

    Notes
    -----
    The best by float32 products, and some more, are scored again in float64 and put in order.
    """
    xp = namespace_of(item_factors)
    n = _n_of(lists)
    for rows, at in _tiles(lists, latent_tile_rows(len(item_factors), n, item_factors.shape[1])):
        users = user_factors[at]
        products = xp.ascontiguousarray(users @ item_factors.T)
        held = take_blocked(blocked, at)
        candidates = top_k_masked(products, held, n + RESCORED, positive=False)
        del products
        _merge(lists, rows, smallest(_rescored(candidates, users, item_factors), n), source)


def fill_ranked(
    lists: Lists,
    ranking: NDArray[np.int64],
    scores: NDArray[np.float32],
    blocked: CsrBlock | Blocked,
    source: int,
) -> None:
    """Fill free places from one ranking, on the host: what rows with a free place own moves there.

    A walk along the ranking ends after a few articles; dense keys would not.
    """
    short = short_rows(lists)
    if not len(short):
        return
    held = to_host(take_blocked(blocked, to_device(short)))
    part = lists.part(short)
    host.fill_ranked(part, to_host(ranking), to_host(scores), held, source)
    lists.put(short, part)


def fill_sparse(lists: Lists, scores: CsrBlock, blocked: CsrBlock | Blocked, source: int) -> None:
    """Fill free places by stored scores, on the host, where both blocks move."""
    host.fill_sparse(lists, to_host(scores), to_host(blocked), source)


def _n_of(lists: Lists) -> int:
    return int(lists.articles.shape[1])


def _tiles(lists: Lists, step: int) -> Iterator[tuple[NDArray[np.int64], Any]]:
    """Runs of rows with a free place, on the host and on the device."""
    short = short_rows(lists)
    if not len(short):
        return
    on_device = to_device(short)
    for first in range(0, len(short), step):
        rows = slice(first, first + step)
        yield short[rows], on_device[rows]


def _merge(lists: Lists, rows: NDArray[np.int64], best: Any, source: int) -> None:
    """The keys of a tile into the lists, on the host."""
    articles, scores = decoded(to_host(best))
    merge_ranked(lists, rows, articles, scores, source)


def _rescored(candidates: Any, users: Any, item_factors: Any) -> Any:
    """Keys of the same articles with products in float64, rounded to float32."""
    xp = namespace_of(candidates)
    some = candidates != NONE
    articles = xp.where(some, candidates & LOWER, 0)
    gathered = item_factors[articles].astype(xp.float64)
    exact = xp.matmul(gathered, users.astype(xp.float64)[:, :, None])[:, :, 0]
    return xp.where(some, score_keys(exact.astype(xp.float32), articles), NONE)
