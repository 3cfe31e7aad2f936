"""Unit rows grouped around centroids, so that a search can leave out what is far away.

References
----------
Dhillon, Modha: Concept decompositions for large sparse text data using clustering, Machine
Learning 42, 2001 (spherical k-means).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

QUERY_ROWS = 256
MAX_GROUPS = 8192
MIN_GROUP_ROWS = 256
ROWS_PER_CENTROID = 48
ROUNDS = 5
ASSIGN_ROWS = 1024
MAX_LIST = 1000

Floats = NDArray[np.float32]
Ints = NDArray[Any]  # int32 where the values fit, else int64


class NeighborIndex(NamedTuple):
    """Unit rows in the order of their groups.

    Of many bit-identical rows only the first few can be anybody's neighbours; the others ask, but
    are not looked at, and stand at the end of their group.

    Attributes
    ----------
    rows : float32 ``(n_rows, n_components)`` sorted by group, then by angle to the centroid;
        the search reads it by slices only, so it may be an object that reads a file
    identity : int32 or int64 ``(n_rows,)`` original row of each, by which ties are broken
    family : int32 or int64 ``(n_rows,)`` rows of one family are no neighbours of each other
    centroids : float32 ``(n_groups, n_components)`` unit; near ones stand near each other
    start : int64 ``(n_groups + 1,)`` first row of each group
    end : int64 ``(n_groups,)`` end of the rows of each group that are looked at
    angle : float32 ``(n_rows,)`` angle to the own centroid, in radians
    max_list : int, longest list that may be asked for
    """

    rows: Floats
    identity: Ints
    family: Ints
    centroids: Floats
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    angle: Floats
    max_list: int


def build_index(
    units: Floats, family: NDArray[np.int64], n_groups: int | None = None, max_list: int = MAX_LIST
) -> NeighborIndex:
    """Index over unit rows ``(n_rows, n_components)``; zero rows are left out.

    Notes
    -----
    Cost: :func:`fit_centroids` and one assignment of all rows, 2 · n_rows · n_groups ·
    n_components floating point operations; memory is that of the rows once more.
    """
    identity = np.flatnonzero(units.any(axis=1)).astype(np.int64)
    if len(identity) < len(units):
        units = units[identity]
    centroids = fit_centroids(units, n_groups or groups_for(len(units)))
    group, angle = assign(units, centroids)
    return arrange(units, identity, family[identity], group, angle, centroids, max_list)


def groups_for(n_rows: int) -> int:
    """Number of groups that makes grouping and searching together cheapest.

    Of few rows most pairs must be looked at whatever the groups; small ones only cost.
    """
    return max(1, min(MAX_GROUPS, int(np.sqrt(n_rows)), n_rows // MIN_GROUP_ROWS))


def index_bytes(n_rows: int, n_components: int) -> int:
    """Bytes of an index, without :func:`build_index`'s copies while it is made."""
    whole = 4 if n_rows <= np.iinfo(np.int32).max else 8
    per_row = 4 * n_components + 2 * whole + 4
    return n_rows * per_row + groups_for(n_rows) * (4 * n_components + 16) + 8


def query_tiles(index: NeighborIndex) -> NDArray[np.int64]:
    """Bounds ``(n_tiles, 2)`` of runs of at most 256 rows of one group: the units of work."""
    bounds = [
        (first, min(first + QUERY_ROWS, end))
        for begin, end in zip(index.start[:-1], index.start[1:], strict=True)
        for first in range(begin, end, QUERY_ROWS)
    ]
    return np.array(bounds, dtype=np.int64).reshape(-1, 2)


def fit_centroids(sample: Floats, n_groups: int) -> Floats:
    """Unit centroids ``(n_groups, n_components)``, near ones near each other.

    Notes
    -----
    At most 48 rows per group are used, at a fixed stride, so that the same rows give the same
    groups. Centroids are themselves grouped around a few, and stand in that order: runs of
    queries then share the groups they look at.
    """
    stride = np.linspace(0, len(sample) - 1, min(len(sample), ROWS_PER_CENTROID * n_groups))
    sample = sample[stride.astype(int)]
    if not len(sample):
        return np.zeros((n_groups, sample.shape[1]), dtype=np.float32)
    centroids = _spherical_kmeans(sample, n_groups)
    n_regions = int(np.sqrt(n_groups) / 2)
    if n_regions < 2:
        return centroids
    region, _ = assign(centroids, _spherical_kmeans(centroids, n_regions))
    return np.ascontiguousarray(centroids[np.argsort(region, kind="stable")])


def assign(units: Floats, centroids: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Nearest centroid of each row, and the angle to it in radians."""
    group = np.empty(len(units), dtype=np.int64)
    cosine = np.empty(len(units), dtype=np.float32)
    for first in range(0, len(units), ASSIGN_ROWS):
        products = units[first : first + ASSIGN_ROWS] @ centroids.T
        best = products.argmax(axis=1)
        group[first : first + ASSIGN_ROWS] = best
        cosine[first : first + ASSIGN_ROWS] = products[np.arange(len(best)), best]
    return group, np.arccos(np.clip(cosine, -1, 1))


def arrange(
    units: Floats,
    identity: NDArray[np.int64],
    family: NDArray[np.int64],
    group: NDArray[np.int64],
    angle: Floats,
    centroids: Floats,
    max_list: int = MAX_LIST,
) -> NeighborIndex:
    """Index over rows whose groups are known; ``identity`` ascends."""
    idle = _surplus_copies(units, family, max_list)
    order = np.lexsort((identity, angle, idle, group))
    start = np.searchsorted(group[order], np.arange(len(centroids) + 1)).astype(np.int64)
    end = start[1:] - np.bincount(group[idle], minlength=len(centroids))
    return NeighborIndex(
        np.ascontiguousarray(units[order]),
        _narrow(identity[order]),
        _narrow(family[order]),
        centroids,
        start,
        end.astype(np.int64),
        angle[order],
        max_list,
    )


def _narrow(values: NDArray[np.int64]) -> Ints:
    """The same numbers as int32 where they fit: half the bytes, twice the speed of comparing."""
    fits = values.max(initial=0) <= np.iinfo(np.int32).max
    return values.astype(np.int32) if fits else values


def _surplus_copies(units: Floats, family: NDArray[np.int64], k: int) -> NDArray[np.bool_]:
    """Bit-identical rows that are in no list of k, as k of lower index go before them.

    No list has more than k rows of one family, so the first k of each will do; of these the first
    ones suffice among which there are k rows besides any one family.
    """
    surplus = np.zeros(len(units), dtype=bool)
    bits = np.ascontiguousarray(units).view(np.uint32)
    factors = np.random.default_rng(0).integers(1, 2**63, units.shape[1], dtype=np.uint64)
    hashes = np.empty(len(units), dtype=np.uint64)
    for begin in range(0, len(units), ASSIGN_ROWS):
        hashes[begin : begin + ASSIGN_ROWS] = (bits[begin : begin + ASSIGN_ROWS] * factors).sum(1)
    order = np.argsort(hashes, kind="stable")
    _, first, counts = np.unique(hashes[order], return_index=True, return_counts=True)
    for begin, count in zip(first[counts > 2 * k], counts[counts > 2 * k], strict=True):
        copies = order[begin : begin + count]
        copies = copies[(bits[copies] == bits[copies[0]]).all(axis=1)]
        surplus[copies] = True
        surplus[_first_of_families(copies, family[copies], k)] = False
    return surplus


def _first_of_families(
    copies: NDArray[np.int64], family: NDArray[np.int64], k: int
) -> NDArray[np.int64]:
    """The shortest head of ``copies`` that holds k rows besides any one family."""
    taken: dict[int, int] = {}
    kept: list[int] = []
    for copy, its in zip(copies.tolist(), family.tolist(), strict=True):
        if len(kept) - max(taken.values(), default=0) >= k:
            break
        if taken.get(its, 0) < k:
            taken[its] = taken.get(its, 0) + 1
            kept.append(copy)
    return np.array(kept, dtype=np.int64)


def _spherical_kmeans(sample: Floats, n_groups: int) -> Floats:
    """Unit centroids after five rounds, from rows at a fixed stride."""
    centroids = sample[np.linspace(0, len(sample) - 1, n_groups).astype(int)]
    for _ in range(ROUNDS):
        group, _ = assign(sample, centroids)
        sums = _sum_by_group(sample, group, n_groups)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        centroids = np.where(norms > 0, sums / np.where(norms > 0, norms, 1), centroids)
        centroids = centroids.astype(np.float32)
    return np.ascontiguousarray(centroids)


def _sum_by_group(rows: Floats, group: NDArray[np.int64], n_groups: int) -> NDArray[np.float64]:
    """Sum of each group's rows in float64; ``np.add.at`` takes ten times as long."""
    order = np.argsort(group, kind="stable")
    present, start = np.unique(group[order], return_index=True)
    sums = np.zeros((n_groups, rows.shape[1]))
    if len(present):
        sums[present] = np.add.reduceat(rows[order].astype(np.float64), start, axis=0)
    return sums
