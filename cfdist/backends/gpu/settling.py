"""Exact lists from candidates of a search in float32.

Candidates are scored again in float64, in the order of sums that the CPU has, and rounded once. A
list is settled when its last score is above all that was not returned; others ask for twice as
many candidates.
"""

from collections.abc import Callable, Sequence
from typing import Any

from cfdist.algorithms.exact_neighbors import slacks
from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.neighbor_groups import NeighborIndex
from cfdist.backends.gpu.top_k import NONE, decoded, score_keys, smallest
from cfdist.backends.tiles import RESCORED, RESCORED_TILE_BYTES, rescored_bytes, search_rows
from cfdist.errors import DeviceError

Nearest = Callable[[Any, Any, int], tuple[Any, Any]]


def settled_lists(
    nearest: Nearest, index: NeighborIndex, rows: Any, family: Any, k: int, n_bytes: int
) -> tuple[Any, Any, int]:
    """Neighbours of ``rows`` among those of the index that are looked at.

    Parameters
    ----------
    nearest : function of (rows looked at, queries, length)
        Products float32 ``(n_queries, length)`` and positions of the rows, for every query the
        ``length`` largest.
    n_bytes : int
        What a batch of queries may take.

    Returns
    -------
    ids : int64 ``(n_queries, k)`` by (−score, id), −1 for none
    scores : float32 ``(n_queries, k)``
    n_pairs : int, pairs that were computed

    Raises
    ------
    DeviceError
        The products are less exact than float32: lists might lack a neighbour.
    """
    xp = namespace_of(rows)
    n_looked = int(index.end[0])
    targets = index._replace(
        rows=index.rows[:n_looked],
        identity=index.identity[:n_looked],
        family=index.family[:n_looked],
    )
    keys = xp.full((len(rows), k), NONE, dtype=xp.int64)
    waiting = xp.arange(len(rows) if n_looked else 0)
    length, n_pairs = min(n_looked, k + RESCORED), 0
    tile_bytes = min(RESCORED_TILE_BYTES, n_bytes // 4)
    while len(waiting):
        n_pairs += len(waiting) * n_looked
        step = search_rows(n_looked, rows.shape[1], length, n_bytes - tile_bytes)
        left = []
        for first in range(0, len(waiting), step):
            at = waiting[first : first + step]
            candidates = nearest(targets.rows, rows[at], length)
            scores = cosines_at(targets.rows, rows[at], candidates[1], tile_bytes)
            found, is_settled = _settle(targets, family[at], *candidates, scores, k)
            keys[at, : found.shape[1]] = found
            left.append(at[~is_settled])
        waiting = xp.concatenate(left)
        length = min(n_looked, 2 * length)
    ids, scores = decoded(keys)
    return ids, scores, n_pairs


def joined(ids: Sequence[Any], scores: Sequence[Any]) -> tuple[Any, Any]:
    """The best of several lists of each query, as long as these are."""
    xp = namespace_of(*ids)
    both = xp.concatenate(list(ids), axis=1), xp.concatenate(list(scores), axis=1)
    keys = xp.where(both[0] >= 0, score_keys(both[1], both[0]), NONE)
    return decoded(smallest(keys, ids[0].shape[1]))


def cosines_at(
    targets: Any, queries: Any, positions: Any, tile_bytes: int = RESCORED_TILE_BYTES
) -> Any:
    """Products of queries with the rows at their positions, as ``dot64`` of the CPU has them.

    float32 ``(n_queries, length)``, to the last bit: the same four running sums in float64, which
    are a kernel each, so that no product is fused with a sum.
    """
    xp = namespace_of(targets)
    n_queries, length = positions.shape
    row_bytes = rescored_bytes(targets.shape[1])
    width = max(1, min(length, tile_bytes // row_bytes))
    height = max(1, tile_bytes // (row_bytes * width))
    out = xp.empty((n_queries, length), dtype=xp.float32)
    for top in range(0, n_queries, height):
        wide = queries[top : top + height, None].astype(xp.float64)
        for first in range(0, length, width):
            block = slice(top, top + height), slice(first, first + width)
            products = targets[positions[block]].astype(xp.float64)
            products *= wide
            out[block] = _summed(products)
    return out


def _summed(products: Any) -> Any:
    """Sums over the last axis by four running sums, rounded to float32."""
    xp = namespace_of(products)
    n_components = products.shape[-1]
    whole = n_components - n_components % 4
    sums = xp.zeros((*products.shape[:-1], 4))
    for c in range(0, whole, 4):
        sums += products[..., c : c + 4]
    for c in range(whole, n_components):
        sums[..., 0] += products[..., c]
    total = (sums[..., 0] + sums[..., 1]) + (sums[..., 2] + sums[..., 3])
    return total.astype(xp.float32)


def _settle(
    targets: NeighborIndex, family: Any, products: Any, positions: Any, scores: Any, k: int
) -> tuple[Any, Any]:
    """Keys of the best k, or of all where there are fewer, and which lists are settled."""
    xp = namespace_of(scores)
    slack, _ = slacks(targets.rows.shape[1])
    worst = float(xp.abs(products - scores).max())
    if not worst <= slack:
        raise DeviceError(
            f"a product of cuVS is off by {worst:.1e}, and float32 would be by {slack:.1e} at most",
            remedy="see that TF32 is off (unset NVIDIA_TF32_OVERRIDE), or use --backend cpu",
        )
    keys = score_keys(scores, targets.identity[positions])
    keys[targets.family[positions] == family[:, None]] = NONE
    keys = smallest(keys, k)
    if positions.shape[1] == len(targets.rows):
        return keys, xp.ones(len(keys), dtype=bool)
    _, last = decoded(keys[:, -1])  # of a list that is not full NOTHING, which is below all
    return keys, last.astype(xp.float64) - slack > products.min(axis=1)
