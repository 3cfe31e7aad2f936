"""Exact top-k by cosine without looking at every pair.

Rows of length one are grouped around centroids. Two rows are at least as far apart as their angles
to a centroid differ, so of a group a query needs no other rows than those whose angle to the
centroid differs from its own by at most the angle to its k-th neighbour. Rows of a group stand in
the order of that angle, in rings of 64; all queries that need a ring are multiplied with it at
once, in float32, and a candidate that could enter a list is scored again in float64 in a fixed
order. The result is exact and does not depend on the groups, the tiles or the order of the work.

References
----------
Elkan: Using the triangle inequality to accelerate k-means, ICML 2003. Schubert: A triangle
inequality for cosine similarity, SISAP 2021, equation 13.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.neighbor_groups import (
    QUERY_ROWS,
    Floats,
    Ints,
    NeighborIndex,
    build_index,
    index_bytes,
    query_tiles,
)
from cfdist.algorithms.neighbor_scan import (
    NOTHING,
    OUT_OF_REACH,
    OWN_ROWS,
    Queries,
    Space,
    Targets,
    dot64,
    insert_sorted,
    scan_all,
    scan_near,
)

__all__ = [
    "NOTHING",
    "QUERY_ROWS",
    "NeighborIndex",
    "article_units",
    "build_index",
    "cosines_of_pairs",
    "dot64",
    "index_bytes",
    "insert_sorted",
    "query_tiles",
    "search",
    "slacks",
    "unit_rows",
]

BATCH_QUERIES = 16_384
CHUNK_BYTES = 4 * 2**20
CHUNK_GROUPS = 256
SLACK_RADIANS = 2e-3
SLACK_SCORE = 2e-6
SLACK_COMPONENTS = 64
ANYWHERE = np.float32(4.0)
UNIT_ROWS = 65_536
"""Rows that are in float64 at a time."""


def unit_rows(rows: Any, scale: Any = None) -> Any:
    """Rows of length one, rounded from float64; zero rows stay zero.

    Parameters
    ----------
    rows : float32 or float64 ``(n_rows, n_components)``, NumPy's or on a device
    scale : float64 ``(n_components,)``, optional
        What columns are multiplied with before.

    Returns
    -------
    float32 ``(n_rows, n_components)``, where ``rows`` is
    """
    xp = namespace_of(rows)
    units = xp.empty(rows.shape, dtype=xp.float32)
    for first in range(0, len(rows), UNIT_ROWS):
        wide = rows[first : first + UNIT_ROWS].astype(xp.float64)
        if scale is not None:
            wide *= scale
        norms = xp.sqrt(xp.einsum("ij,ij->i", wide, wide))
        wide /= xp.where(norms > 0, norms, 1.0)[:, None]
        units[first : first + UNIT_ROWS] = wide
    return units


def article_units(item_factors: Any, singular_values: Any) -> Any:
    """Rows of VΣ of length one, over which articles are compared; where the factors are."""
    return unit_rows(item_factors, singular_values)


def slacks(n_components: int) -> tuple[float, float]:
    """Slack of scores and of angles (radians) that covers the rounding of float32 products.

    Notes
    -----
    The error of a product of unit rows grows like the root of their length, and an angle near 0
    errs by the root of twice that. 1e-3 radians failed at 200 components; 2e-3 up to 64
    components and this growth beyond were exact on thousands of random tables.
    """
    growth = max(1.0, n_components / SLACK_COMPONENTS) ** 0.5
    return SLACK_SCORE * growth, SLACK_RADIANS * growth**0.5


def search(
    index: NeighborIndex, tiles: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], int]:
    """Neighbours of the rows in ``tiles``.

    Returns
    -------
    queries : int64 ``(n_queries,)`` original rows
    neighbors : int64 ``(n_queries, k)`` original rows by (−score, row); −1 where there is none
    scores : float32 ``(n_queries, k)`` cosines
    n_pairs : int, pairs that went through tiles

    Raises
    ------
    ValueError
        If lists are longer than the index was built for, or tiles are none of its.
    """
    if len(tiles) and (
        tiles.min() < 0
        or tiles.max() > len(index.identity)
        or np.ptp(tiles, axis=1).max() > QUERY_ROWS
    ):
        raise ValueError(f"tiles are runs of at most {QUERY_ROWS} of the index's rows")
    if k > index.max_list:
        raise ValueError(f"lists of {k} from an index for lists of {index.max_list}")
    tiles = tiles[np.argsort(tiles[:, 0], kind="stable")]
    batch_of_tile = np.cumsum(tiles[:, 1] - tiles[:, 0]) // BATCH_QUERIES
    batches = [tiles[batch_of_tile == batch] for batch in np.unique(batch_of_tile)]
    found = [_search_batch(index, batch, k) for batch in batches]
    if not found:
        none = np.empty((0, k))
        return np.empty(0, np.int64), none.astype(np.int64), none.astype(np.float32), 0
    return (
        np.concatenate([_slices(index.identity, batch) for batch in batches]).astype(np.int64),
        np.concatenate([queries.ids for queries, _ in found]),
        np.concatenate([queries.scores for queries, _ in found]),
        sum(n_pairs for _, n_pairs in found),
    )


def _search_batch(index: NeighborIndex, tiles: NDArray[np.int64], k: int) -> tuple[Queries, int]:
    """Lists of the rows in ``tiles``: first from the groups nearby, then from all others."""
    queries = _queries(_slices(index.rows, tiles), _slices(index.family, tiles), k)
    slack = np.array(slacks(queries.rows.shape[1]), dtype=np.float32)
    own = np.searchsorted(index.start, tiles[:, 0], side="right") - 1
    bounds = np.concatenate(([0], np.cumsum(tiles[:, 1] - tiles[:, 0])))
    space = _space(len(queries.rows), queries.rows.shape[1])
    home: list[tuple[int, int]] = []
    away: list[tuple[int, int]] = []
    for first, last in _chunks(index):
        is_home = bool(np.any((own >= first) & (own < last)))
        (home if is_home else away).append((first, last))
    away.sort(key=lambda chunk: abs(chunk[0] + chunk[1] - 2 * np.median(own)))
    n_pairs, done = 0, {}
    for first, last in home:
        targets, cosines = _targets(index, first, last, queries)
        done[first] = np.zeros((len(tiles), last - first), dtype=np.bool_)
        n_pairs += scan_near(
            queries, targets, cosines, tiles, bounds, own - first, index.start[first],
            done[first], space, slack,
        )  # fmt: skip
    nothing_done = np.zeros((0, 0), dtype=np.bool_)
    for first, last in home + away:
        targets, cosines = _targets(index, first, last, queries)
        is_done = done.get(first, nothing_done)
        n_pairs += scan_all(queries, targets, cosines, bounds, is_done, space, slack)
    return queries, n_pairs


def _slices(values: Floats, tiles: NDArray[np.int64]) -> Floats:
    return np.concatenate([values[first:last] for first, last in tiles])


def _queries(rows: Floats, family: Ints, k: int) -> Queries:
    """Queries that have found nothing and look everywhere."""
    n = len(rows)
    return Queries(
        rows,
        family,
        np.full((n, k), -1, dtype=np.int64),
        np.full((n, k), NOTHING, dtype=np.float32),
        np.full(n, NOTHING, dtype=np.float32),
        np.full(n, ANYWHERE, dtype=np.float32),
        np.full(n, OUT_OF_REACH, dtype=np.float32),
        np.zeros(n, dtype=np.float32),
    )


def _space(n_queries: int, n_components: int) -> Space:
    return Space(
        np.empty(QUERY_ROWS * OWN_ROWS, dtype=np.float32),
        np.empty((QUERY_ROWS, n_components), dtype=np.float32),
        np.empty(n_queries, dtype=np.int64),
        np.empty(QUERY_ROWS, dtype=np.int64),
        np.empty(QUERY_ROWS, dtype=np.float32),
        np.empty(n_queries, dtype=np.int32),
        np.empty(n_queries, dtype=np.int32),
    )


def _chunks(index: NeighborIndex) -> list[tuple[int, int]]:
    """Runs of consecutive groups of about 4 MiB, which a scan reads at once."""
    n_rows = max(1, CHUNK_BYTES // (4 * index.centroids.shape[1]))
    chunks, first, n_groups = [], 0, len(index.centroids)
    while first < n_groups:
        full = int(np.searchsorted(index.start, index.start[first] + n_rows, side="right")) - 1
        last = min(max(first + 1, full), first + CHUNK_GROUPS, n_groups)
        chunks.append((first, last))
        first = last
    return chunks


def _targets(
    index: NeighborIndex, first: int, last: int, queries: Queries
) -> tuple[Targets, Floats]:
    """Groups ``first`` … ``last − 1``, and the cosine of each centroid to each query."""
    begin, end = int(index.start[first]), int(index.start[last])
    targets = Targets(
        np.ascontiguousarray(index.rows[begin:end]),
        index.identity[begin:end],
        index.family[begin:end],
        index.angle[begin:end],
        index.start[first:last] - begin,
        index.end[first:last] - begin,
    )
    return targets, index.centroids[first:last] @ queries.rows.T


def cosines_of_pairs(
    units: NDArray[np.float32], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Cosine of the unit rows ``left[i]`` and ``right[i]``, as :func:`search` scores them."""
    cosines = np.empty(len(left), dtype=np.float32)
    _dots_of_pairs(units, left, right, cosines)
    return cosines


@njit(nogil=True, cache=True)
def _dots_of_pairs(rows, left, right, out):
    for i in range(len(left)):
        out[i] = dot64(rows[left[i]], rows[right[i]])
