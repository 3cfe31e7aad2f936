"""Exact top-k by cosine without looking at every pair.

Unit rows are grouped around centroids. The angle between two rows is at least the difference of
their angles to a centroid, so a group whose nearest possible row cannot beat a query's k-th
neighbour is skipped. What is left goes through dense tiles in float32; a candidate that could
enter the list is scored again in float64 in a fixed order. The result is exact and does not
depend on the groups, the tiles or the order of the work.

References
----------
Elkan: Using the triangle inequality to accelerate k-means, ICML 2003. Schubert: A triangle
inequality for cosine similarity, SISAP 2021, equation 13.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

QUERY_ROWS = 256
SLACK_RADIANS = 2e-3
SLACK_SCORE = 2e-6
SLACK_COMPONENTS = 64
NOTHING = np.float32(-2.0)


@dataclass(frozen=True)
class NeighborIndex:
    """Unit rows in the order of their groups.

    Attributes
    ----------
    rows : float32 ``(n_rows, n_components)`` sorted by group, then by angle to the centroid
    identity : int64 ``(n_rows,)`` original row of each, by which ties are broken
    family : int64 ``(n_rows,)`` rows of one family are no neighbours of each other
    centroids : float32 ``(n_groups, n_components)`` unit
    start : int64 ``(n_groups + 1,)`` first row of each group
    angle : float64 ``(n_rows,)`` angle to the own centroid, in radians
    """

    rows: NDArray[np.float32]
    identity: NDArray[np.int64]
    family: NDArray[np.int64]
    centroids: NDArray[np.float32]
    start: NDArray[np.int64]
    angle: NDArray[np.float64]

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, for Dask."""
        per_row = self.rows.nbytes + self.identity.nbytes + self.family.nbytes + self.angle.nbytes
        return int(per_row + self.centroids.nbytes)


def unit_rows(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows of length one, rounded from float64; zero rows stay zero."""
    wide = rows.astype(np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    return np.asarray(wide / np.where(norms > 0, norms, 1.0)[:, None], dtype=np.float32)


def article_units(
    item_factors: NDArray[np.float32], singular_values: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Rows of VΣ of length one, over which articles are compared."""
    return unit_rows(item_factors.astype(np.float64) * singular_values)


def build_index(
    units: NDArray[np.float32], family: NDArray[np.int64], n_groups: int | None = None
) -> NeighborIndex:
    """Index over unit rows ``(n_rows, n_components)``; zero rows are left out.

    Notes
    -----
    Cost: five rounds of spherical k-means on 48 rows per group and one assignment of all rows,
    2 · n_rows · n_groups · n_components floating point operations.
    """
    identity = np.flatnonzero(units.any(axis=1)).astype(np.int64)
    units = units[identity]
    n_groups = n_groups or max(1, min(2048, int(np.sqrt(len(units)) * 1.5), len(units)))
    centroids = _spherical_kmeans(units, n_groups)
    group, cosine = _assign(units, centroids)
    angle = np.arccos(np.clip(cosine, -1, 1))
    order = np.lexsort((identity, angle, group))
    start = np.searchsorted(group[order], np.arange(len(centroids) + 1)).astype(np.int64)
    return NeighborIndex(
        np.ascontiguousarray(units[order]),
        identity[order],
        np.ascontiguousarray(family[identity[order]]),
        centroids,
        start,
        angle[order],
    )


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


def query_tiles(index: NeighborIndex) -> NDArray[np.int64]:
    """Bounds ``(n_tiles, 2)`` of runs of at most 256 rows of one group: the units of work."""
    bounds = [
        (first, min(first + QUERY_ROWS, end))
        for begin, end in zip(index.start[:-1], index.start[1:], strict=True)
        for first in range(begin, end, QUERY_ROWS)
    ]
    return np.array(bounds, dtype=np.int64).reshape(-1, 2)


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
    """
    ids, scores, n_pairs = [], [], 0
    for first, last in tiles:
        tile_ids, tile_scores, seen = _search_tile(index, int(first), int(last), k)
        ids.append(tile_ids)
        scores.append(tile_scores)
        n_pairs += seen
    if not ids:
        none = np.empty((0, k))
        return np.empty(0, np.int64), none.astype(np.int64), none.astype(np.float32), 0
    queries = np.concatenate([index.identity[first:last] for first, last in tiles])
    return queries, np.concatenate(ids), np.concatenate(scores), n_pairs


def _search_tile(
    index: NeighborIndex, first: int, last: int, k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], int]:
    queries = index.rows[first:last]
    to_centroid = np.arccos(np.clip(queries @ index.centroids.T, -1, 1))
    own = int(np.searchsorted(index.start, first, side="right")) - 1
    order = np.argsort(to_centroid.min(axis=0), kind="stable")
    order = np.concatenate(([own], order[order != own]))
    ids = np.full((last - first, k), -1, dtype=np.int64)
    scores = np.full((last - first, k), NOTHING, dtype=np.float32)
    slack_score, slack_radians = slacks(queries.shape[1])
    seen = _scan_groups(
        queries,
        index.identity[first:last],
        index.family[first:last],
        index.rows,
        index.identity,
        index.family,
        index.start,
        index.angle,
        to_centroid,
        order,
        ids,
        scores,
        np.float32(slack_score),
        slack_radians,
    )
    return ids, scores, int(seen)


@njit(nogil=True, cache=True)
def _scan_groups(
    queries, query_identity, query_family, rows, identity, family, start, angle,
    to_centroid, order, ids, scores, slack_score, slack_radians,
):  # fmt: skip
    """Fill the lists from every group that a bound does not exclude; counts pairs."""
    n_queries, n_components = queries.shape
    reach = np.full(n_queries, np.pi)
    active = np.empty(n_queries, np.int64)
    compact = np.empty((n_queries, n_components), np.float32)
    seen = 0
    for group in order:
        begin, end = start[group], start[group + 1]
        if begin == end:
            continue
        widest = angle[end - 1]
        nearest, farthest, n_active = np.pi, 0.0, 0
        for i in range(n_queries):
            low = to_centroid[i, group] - reach[i] - slack_radians
            if low <= widest:
                active[n_active] = i
                compact[n_active] = queries[i]
                n_active += 1
                nearest = min(nearest, low)
                farthest = max(farthest, to_centroid[i, group] + reach[i] + slack_radians)
        if n_active == 0:
            continue
        low_row = begin + np.searchsorted(angle[begin:end], nearest)
        high_row = begin + np.searchsorted(angle[begin:end], farthest, side="right")
        for tile in range(low_row, high_row, 1024):
            stop = min(tile + 1024, high_row)
            products = np.dot(compact[:n_active], rows[tile:stop].T)
            seen += n_active * (stop - tile)
            _merge_tile(
                products, active, n_active, tile, queries, query_identity, query_family,
                rows, identity, family, ids, scores, slack_score,
            )  # fmt: skip
        for a in range(n_active):
            worst = scores[active[a], -1]
            reach[active[a]] = np.pi if worst <= NOTHING else np.arccos(max(-1.0, min(1.0, worst)))
    return seen


@njit(nogil=True, cache=True)
def _merge_tile(
    products, active, n_active, base, queries, query_identity, query_family,
    rows, identity, family, ids, scores, slack_score,
):  # fmt: skip
    """Offer the candidates of a tile that could enter a list.

    Runs of 32 products are first counted against the threshold, which compiles to a few vector
    instructions; a run without a candidate, and most have none, is passed over.
    """
    k = ids.shape[1]
    n_columns = products.shape[1]
    for a in range(n_active):
        i = active[a]
        threshold = scores[i, k - 1] - slack_score
        for begin in range(0, n_columns, 32):
            end = min(begin + 32, n_columns)
            n_candidates = 0
            for j in range(begin, end):
                n_candidates += products[a, j] >= threshold
            if n_candidates == 0:
                continue
            for j in range(begin, end):
                if products[a, j] < threshold:
                    continue
                row = base + j
                if family[row] == query_family[i] or identity[row] == query_identity[i]:
                    continue
                insert_sorted(ids[i], scores[i], identity[row], dot64(queries[i], rows[row]))
                threshold = scores[i, k - 1] - slack_score


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


@njit(nogil=True, cache=True)
def dot64(left, right):
    """Product of two float32 rows in float64 with four running sums, rounded to float32."""
    first = second = third = fourth = 0.0
    whole = len(left) - len(left) % 4
    for c in range(0, whole, 4):
        first += np.float64(left[c]) * np.float64(right[c])
        second += np.float64(left[c + 1]) * np.float64(right[c + 1])
        third += np.float64(left[c + 2]) * np.float64(right[c + 2])
        fourth += np.float64(left[c + 3]) * np.float64(right[c + 3])
    for c in range(whole, len(left)):
        first += np.float64(left[c]) * np.float64(right[c])
    return np.float32((first + second) + (third + fourth))


@njit(nogil=True, cache=True)
def insert_sorted(ids, scores, identity, score):
    """Put one candidate into a list kept by (−score, identity); the last falls out."""
    place = len(ids) - 1
    if score < scores[place] or (score == scores[place] and 0 <= ids[place] < identity):
        return
    while place > 0 and (
        scores[place - 1] < score
        or (scores[place - 1] == score and (ids[place - 1] > identity or ids[place - 1] < 0))
    ):
        ids[place] = ids[place - 1]
        scores[place] = scores[place - 1]
        place -= 1
    ids[place] = identity
    scores[place] = score


def _spherical_kmeans(units: NDArray[np.float32], n_groups: int) -> NDArray[np.float32]:
    """Unit centroids; the sample is a fixed stride, so that the same rows give the same groups."""
    sample = units[np.linspace(0, len(units) - 1, min(len(units), 48 * n_groups)).astype(int)]
    if not len(sample):
        return np.zeros((n_groups, units.shape[1]), dtype=np.float32)
    centroids = sample[np.linspace(0, len(sample) - 1, n_groups).astype(int)]
    for _ in range(5):
        group, _ = _assign(sample, centroids)
        sums = _sum_by_group(sample, group, n_groups)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        centroids = np.where(norms > 0, sums / np.where(norms > 0, norms, 1), centroids)
        centroids = centroids.astype(np.float32)
    return np.ascontiguousarray(centroids)


def _sum_by_group(
    rows: NDArray[np.float32], group: NDArray[np.int64], n_groups: int
) -> NDArray[np.float64]:
    """Sum of each group's rows in float64; ``np.add.at`` takes ten times as long."""
    order = np.argsort(group, kind="stable")
    present, start = np.unique(group[order], return_index=True)
    sums = np.zeros((n_groups, rows.shape[1]))
    if len(present):
        sums[present] = np.add.reduceat(rows[order].astype(np.float64), start, axis=0)
    return sums


def _assign(
    units: NDArray[np.float32], centroids: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Nearest centroid of each row and the cosine to it."""
    group = np.empty(len(units), dtype=np.int64)
    cosine = np.empty(len(units))
    for first in range(0, len(units), 4096):
        products = units[first : first + 4096] @ centroids.T
        best = products.argmax(axis=1)
        group[first : first + 4096] = best
        cosine[first : first + 4096] = products[np.arange(len(best)), best]
    return group, cosine
