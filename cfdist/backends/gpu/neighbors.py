"""Exact search by brute force: :mod:`cfdist.backends.cpu_neighbors` says what each function is.

cuVS finds candidates in float32, and :mod:`cfdist.backends.gpu.settling` makes exact lists of them.
An index of cuVS cannot be sent between workers, but for inner products it is a view of the rows
that costs nothing: every task makes its own.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cupy
from cuvs.neighbors import brute_force

from cfdist.algorithms.equal_rows import row_hashes, surplus_copies
from cfdist.algorithms.neighbor_groups import NeighborIndex
from cfdist.backends import get_backend
from cfdist.backends.gpu.settling import joined, settled_lists
from cfdist.backends.tiles import index_shards, search_share

TILE_ROWS = 2_048
Found = tuple[Any, Any, Any, int]


class Asked(NamedTuple):
    """Rows that ask: what a search in another shard needs of them.

    Attributes
    ----------
    rows : float32 ``(n_queries, n_components)``
    identity, family : int64 ``(n_queries,)``
    """

    rows: Any
    identity: Any
    family: Any


def n_shards(n_rows: int, n_components: int, total_bytes: int) -> int:
    """As many as keep an index within its share of the memory."""
    return index_shards(n_rows, n_components, total_bytes)


def centroids(rows: Any) -> Any:
    """One that stands for all: nothing is grouped."""
    return cupy.zeros((1, rows.shape[1]), dtype=cupy.float32)


def assign(rows: Any, centroids: Any) -> tuple[Any, ...]:
    """Hashes, by which bit-identical rows are found."""
    return (row_hashes(rows),)


def arrange(
    rows: Any, family: Any, assigned: Sequence[Any], centroids: Any, k: int, first: int = 0
) -> NeighborIndex:
    """One group, of which the rows that are looked at go before the surplus copies."""
    (hashes,) = assigned
    known = cupy.flatnonzero(rows.any(axis=1))
    if len(known) < len(rows):
        rows, hashes, family = rows[known], hashes[known], family[known]
    surplus = surplus_copies(rows, hashes, family, k)
    n_looked = len(rows) - int(surplus.sum())
    if n_looked < len(rows):
        order = cupy.concatenate([cupy.flatnonzero(~surplus), cupy.flatnonzero(surplus)])
        rows, known, family = rows[order], known[order], family[order]
    bounds = cupy.asarray([0, len(rows), n_looked])
    return NeighborIndex(
        cupy.ascontiguousarray(rows),
        known + first,
        family,
        centroids,
        bounds[:2],
        bounds[2:],
        cupy.empty(0, dtype=cupy.float32),
        k,
    )


def n_tiles(index: NeighborIndex) -> int:
    """Runs of 2,048 rows."""
    return -(-len(index.rows) // TILE_ROWS)


def queries(index: NeighborIndex, first: int, last: int) -> Asked:
    """The rows of a run of tiles."""
    run = slice(first * TILE_ROWS, last * TILE_ROWS)
    return Asked(index.rows[run], index.identity[run], index.family[run])


def search(index: NeighborIndex, asked: Asked | tuple[int, int], k: int) -> Found:
    """Lists of the rows asked for, in batches that the memory holds.

    Raises
    ------
    ValueError
        If lists are longer than the index was built for.
    """
    if k > index.max_list:
        raise ValueError(f"lists of {k} from an index for lists of {index.max_list}")
    if not isinstance(asked, Asked):
        asked = queries(index, *asked)
    n_bytes = search_share(get_backend("gpu").memory().total_bytes)
    ids, scores, n_pairs = settled_lists(_nearest, index, asked.rows, asked.family, k, n_bytes)
    return asked.identity, ids, scores, n_pairs


def merge(*found: Found) -> Found:
    """Best of all shards by (−score, number): in any order of the shards."""
    ids, scores = joined([ids for _, ids, _, _ in found], [scores for _, _, scores, _ in found])
    return found[0][0], ids, scores, sum(n_pairs for *_, n_pairs in found)


def _nearest(rows: Any, queries: Any, length: int) -> tuple[Any, Any]:
    """Inner products, largest first, and positions of the rows; what cuVS gives, as cupy arrays."""
    index = brute_force.build(rows, metric="inner_product")
    products, positions = brute_force.search(index, queries, length)
    return cupy.asarray(products), cupy.asarray(positions)
