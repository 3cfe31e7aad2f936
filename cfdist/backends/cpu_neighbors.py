"""Exact search by groups around centroids: what the stage asks of every backend.

The stage calls, in this order: :func:`n_shards`, then per shard :func:`centroids`, :func:`assign`
over slices of its rows, :func:`arrange`, :func:`n_tiles`, and :func:`search` over runs of tiles.
With several shards :func:`queries` cuts out what is searched in all of them, and :func:`merge` puts
their lists together.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cfdist.algorithms import exact_neighbors, neighbor_groups
from cfdist.algorithms.neighbor_groups import NeighborIndex, query_tiles

Array = np.ndarray[Any, Any]
Found = tuple[Array, Array, Array, int]


def n_shards(n_rows: int, n_components: int, total_bytes: int) -> int:
    """Shards of the index of so many rows on a device with so many bytes; here always 1."""
    return 1


def centroids(rows: Array) -> Array:
    """What rows are grouped around, from unit rows ``(n_rows, n_components)``."""
    rows = rows[rows.any(axis=1)]
    return neighbor_groups.fit_centroids(rows, neighbor_groups.groups_for(len(rows)))


def assign(rows: Array, centroids: Array) -> tuple[Array, ...]:
    """Arrays over rows that :func:`arrange` needs, joined: here group and angle."""
    return neighbor_groups.assign(rows, centroids)


def arrange(
    rows: Array,
    family: Array,
    assigned: Sequence[Array],
    centroids: Array,
    k: int,
    first: int = 0,
) -> NeighborIndex:
    """The index over the rows that are not zero, for lists of k; ``first`` is the first's number.

    Rows of one family are no neighbours of each other.
    """
    groups, angles = assigned
    known = np.flatnonzero(rows.any(axis=1))
    if len(known) < len(rows):
        rows, groups, angles, family = rows[known], groups[known], angles[known], family[known]
    return neighbor_groups.arrange(rows, known + first, family, groups, angles, centroids, k)


def n_tiles(index: NeighborIndex) -> int:
    """Pieces that a search can be cut into."""
    return len(query_tiles(index))


def queries(index: NeighborIndex, first: int, last: int) -> Any:
    """The rows of a run of tiles, to be searched in other shards: here there are none.

    Raises
    ------
    NotImplementedError
        Always: one index holds all rows.
    """
    raise NotImplementedError("on the CPU the index is one")


def search(index: NeighborIndex, asked: tuple[int, int], k: int) -> Found:
    """Lists of a run of tiles ``(first, last)``, or of what :func:`queries` cut out.

    Returns
    -------
    queries : int64 ``(n_queries,)`` numbers of the rows
    neighbors : int64 ``(n_queries, k)`` numbers by (−score, number); −1 where there is none
    scores : float32 ``(n_queries, k)`` cosines
    n_pairs : int, pairs that were computed
    """
    first, last = asked
    return exact_neighbors.search(index, query_tiles(index)[first:last], k)


def merge(*found: Found) -> Found:
    """The lists of the same queries in several shards as one; here there is one."""
    (only,) = found
    return only
