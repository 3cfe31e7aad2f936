"""The loops of the exact search: which rows a query needs, and what may enter its list."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.neighbor_groups import QUERY_ROWS, Floats, Ints

NEAR_GROUPS = 2
RING_ROWS = 64
"""Rows of a ring; at most ``OWN_ROWS``, as the space for products is made for those."""
OWN_ROWS = 1024
LANES = 64
NOTHING = np.float32(-2.0)
OUT_OF_REACH = np.float32(-3.0)
DONE = np.float32(-5.0)


class Queries(NamedTuple):
    """Rows whose neighbours are searched together, and what is found so far.

    ``reach`` is the angle to the k-th neighbour with its slack, ``cos_reach`` and ``sin_reach``
    belong to it, and ``known`` is the score that it was made from.
    """

    rows: Floats
    family: Ints
    ids: NDArray[np.int64]
    scores: Floats
    known: Floats
    reach: Floats
    cos_reach: Floats
    sin_reach: Floats


class Targets(NamedTuple):
    """A run of consecutive groups that is looked at, rows counted from its first."""

    rows: Floats
    identity: Ints
    family: Ints
    angle: Floats
    start: NDArray[np.int64]
    end: NDArray[np.int64]


class Space(NamedTuple):
    """Room that a scan works in: products of a tile, and queries that need a group."""

    products: Floats
    gathered: Floats
    needed_by: NDArray[np.int64]
    chosen: NDArray[np.int64]
    thresholds: Floats
    first_ring: NDArray[np.int32]
    last_ring: NDArray[np.int32]


@njit(nogil=True, cache=True)
def scan_near(queries, targets, cosines, tiles, bounds, own, origin, done, space, slack):
    """Each tile against its own group and the nearest others of the chunk; counts pairs."""
    n_pairs = 0
    n_groups = len(targets.start)
    distance = np.empty(n_groups, np.float32)
    for tile in range(len(tiles)):
        if own[tile] < 0 or own[tile] >= n_groups:
            continue
        first, last = bounds[tile], bounds[tile + 1]
        for group in range(n_groups):
            distance[group] = -cosines[group, first:last].max()
        distance[own[tile]] = DONE
        order = np.argsort(distance)
        for place in range(min(n_groups, NEAR_GROUPS)):
            group = order[place]
            done[tile, group] = True
            from_ring, to_ring = 0, 0
            if place == 0:
                middle = (tiles[tile, 0] + tiles[tile, 1]) // 2 - origin
                from_ring, to_ring = _own_rings(targets, group, middle)
                n_pairs += _start_lists(
                    queries, targets, group, first, last, from_ring, to_ring, space, slack
                )
            n_pairs += _scan_group(
                queries, targets, cosines, group, first, last, from_ring, to_ring, space, slack
            )
    return n_pairs


@njit(nogil=True, cache=True)
def scan_all(queries, targets, cosines, bounds, done, space, slack):
    """All queries against all groups of a chunk but those that are done; counts pairs."""
    n_pairs = 0
    for group in range(len(targets.start)):
        for tile in range(len(done)):
            if done[tile, group]:
                cosines[group, bounds[tile] : bounds[tile + 1]] = DONE
        n_pairs += _scan_group(
            queries, targets, cosines, group, 0, len(queries.rows), 0, 0, space, slack
        )
    return n_pairs


@njit(nogil=True, cache=True)
def _own_rings(targets, group, middle):
    """Rings of a group around the row ``middle``: at most 1,024 rows."""
    begin, end = targets.start[group], targets.end[group]
    n_rings = (end - begin + RING_ROWS - 1) // RING_ROWS
    window = OWN_ROWS // RING_ROWS
    from_ring = (middle - begin) // RING_ROWS - window // 2
    from_ring = max(0, min(from_ring, n_rings - window))
    return from_ring, min(n_rings, from_ring + window)


@njit(nogil=True, cache=True)
def _start_lists(queries, targets, group, first, last, from_ring, to_ring, space, slack):
    """Fill empty lists of a tile from the rings around its own rows.

    The products alone give a threshold that k rows pass, so that few others are scored.
    """
    k = queries.ids.shape[1]
    begin = targets.start[group] + from_ring * RING_ROWS
    end = min(targets.start[group] + to_ring * RING_ROWS, targets.end[group])
    n_columns = end - begin
    if n_columns <= 0:
        return 0
    products = space.products[: (last - first) * n_columns].reshape(last - first, n_columns)
    np.dot(queries.rows[first:last], targets.rows[begin:end].T, products)
    family, own = targets.family[begin:end], queries.family[first:last]
    best = np.empty(k, np.float32)
    lanes = np.empty(LANES, np.float32)
    for a in range(last - first):
        row = products[a]
        for j in range(n_columns):
            row[j] = OUT_OF_REACH if family[j] == own[a] else row[j]
        _kth_of_lanes(row, lanes, best)
        space.chosen[a] = first + a
        space.thresholds[a] = max(best[k - 1] - 2 * slack[0], NOTHING)
    _offer_tile(queries, targets, products, begin, space.chosen, space.thresholds, slack[0])
    space.needed_by[: last - first] = space.chosen[: last - first]
    _remember(queries, space.needed_by, last - first, slack[1])
    return (last - first) * n_columns


@njit(nogil=True, cache=True)
def _kth_of_lanes(row, lanes, best):
    """The k highest of 64 maxima into ``best``: at least k products are as high as its last."""
    lanes[:] = OUT_OF_REACH
    best[:] = OUT_OF_REACH
    n_columns = len(row)
    whole = n_columns - n_columns % LANES
    for begin in range(0, whole, LANES):
        for lane in range(LANES):
            lanes[lane] = max(lanes[lane], row[begin + lane])
    for lane in range(n_columns - whole):
        lanes[lane] = max(lanes[lane], row[whole + lane])
    for score in lanes:
        if score <= best[-1]:
            continue
        place = len(best) - 1
        while place > 0 and best[place - 1] < score:
            best[place] = best[place - 1]
            place -= 1
        best[place] = score


@njit(nogil=True, cache=True)
def _scan_group(
    queries, targets, cosines, group, first, last, from_ring, to_ring, space, slack
):  # fmt: skip
    """Queries ``first`` … ``last − 1`` against the rings they need; counts pairs.

    Rings ``from_ring`` … ``to_ring − 1`` are left out.
    """
    begin, end = targets.start[group], targets.end[group]
    if begin == end:
        return 0
    n_needed = _choose_queries(
        queries, targets.angle[begin:end], cosines[group], first, last, space
    )
    needed_by, first_ring, last_ring = space.needed_by, space.first_ring, space.last_ring
    chosen, thresholds, gathered = space.chosen, space.thresholds, space.gathered
    query_rows, scores = queries.rows, queries.scores
    n_components, k = query_rows.shape[1], scores.shape[1]
    n_pairs = 0
    n_rings = (end - begin + RING_ROWS - 1) // RING_ROWS if n_needed else 0
    for ring in range(n_rings):
        if from_ring <= ring < to_ring:
            continue
        low = begin + ring * RING_ROWS
        rows = targets.rows[low : min(low + RING_ROWS, end)]
        place = 0
        while place < n_needed:
            n_chosen = 0
            while place < n_needed and n_chosen < QUERY_ROWS:
                if first_ring[place] <= ring <= last_ring[place]:
                    i = needed_by[place]
                    chosen[n_chosen] = i
                    thresholds[n_chosen] = max(scores[i, k - 1] - slack[0], NOTHING)
                    for c in range(n_components):  # assigning the row takes three times as long
                        gathered[n_chosen, c] = query_rows[i, c]
                    n_chosen += 1
                place += 1
            if n_chosen == 0:
                continue
            products = space.products[: n_chosen * len(rows)].reshape(n_chosen, len(rows))
            np.dot(gathered[:n_chosen], rows.T, products)
            n_pairs += n_chosen * len(rows)
            _offer_tile(queries, targets, products, low, chosen, thresholds, slack[0])
    _remember(queries, needed_by, n_needed, slack[1])
    return n_pairs


@njit(nogil=True, cache=True)
def _choose_queries(queries, angle, cosines, first, last, space):
    """Queries that need rows at these angles to a centroid, and the rings they need.

    A query at angle a with reach r needs rows at angles from a − r to a + r. Without arccosine:
    a − r ≤ w where cos a ≥ cos(r + w), or where r + w passes π. Runs of 64 are counted before
    they are looked at, which compiles to a few vector instructions.
    """
    reach, cos_reach, sin_reach = queries.reach, queries.cos_reach, queries.sin_reach
    needed_by, first_ring, last_ring = space.needed_by, space.first_ring, space.last_ring
    widest = angle[len(angle) - 1]
    cos_widest, sin_widest = np.cos(widest), np.sin(widest)
    n_rings = (len(angle) + RING_ROWS - 1) // RING_ROWS
    n_needed = 0
    for begin in range(first, last, 64):
        end = min(begin + 64, last)
        count = np.int32(0)
        for i in range(begin, end):
            bound = cos_reach[i] * cos_widest - sin_reach[i] * sin_widest
            count += np.int32((cosines[i] >= bound) | (cos_reach[i] <= -cos_widest))
        if count == 0:
            continue
        for i in range(begin, end):
            bound = cos_reach[i] * cos_widest - sin_reach[i] * sin_widest
            if cosines[i] <= DONE or (cosines[i] < bound and cos_reach[i] > -cos_widest):
                continue
            to_centroid = np.arccos(max(np.float32(-1), min(np.float32(1), cosines[i])))
            nearest, farthest = to_centroid - reach[i], to_centroid + reach[i]
            if nearest > widest or farthest < angle[0]:
                continue
            low, high = 0, n_rings - 1  # the first ring whose last row is far enough
            while low < high:
                half = (low + high) // 2
                if angle[min(half * RING_ROWS + RING_ROWS, len(angle)) - 1] < nearest:
                    low = half + 1
                else:
                    high = half
            while high + 1 < n_rings and angle[(high + 1) * RING_ROWS] <= farthest:
                high += 1
            if angle[low * RING_ROWS] > farthest:
                continue
            needed_by[n_needed] = i
            first_ring[n_needed] = low
            last_ring[n_needed] = high
            n_needed += 1
    return n_needed


@njit(nogil=True, cache=True)
def _offer_tile(queries, targets, products, base, chosen, thresholds, slack):
    """Offer the products that reach the thresholds of their queries; rows start at ``base``.

    Tuples of arrays are taken apart here, once a tile: per row that cost more than the products.
    """
    query_rows, query_family, ids, scores = (
        queries.rows, queries.family, queries.ids, queries.scores,
    )  # fmt: skip
    rows, identity, family = targets.rows, targets.identity, targets.family
    n_rows, n_columns = products.shape
    k = ids.shape[1]
    for a in range(n_rows):
        i, threshold = chosen[a], thresholds[a]
        for begin in range(0, n_columns, 64):
            end = min(begin + 64, n_columns)
            count = np.int32(0)
            for j in range(begin, end):
                count += np.int32(products[a, j] >= threshold)
            if count == 0:
                continue
            for j in range(begin, end):
                row = base + j
                if products[a, j] < threshold or family[row] == query_family[i]:
                    continue
                score = _dot64_at(query_rows, i, rows, row)
                _insert_sorted_at(ids, scores, i, identity[row], score)
                threshold = max(threshold, scores[i, k - 1] - slack)


@njit(nogil=True, cache=True)
def _remember(queries, changed, n_changed, slack):
    """How far queries must look, where their lists have changed."""
    scores, known, reaches = queries.scores, queries.known, queries.reach
    cos_reach, sin_reach = queries.cos_reach, queries.sin_reach
    k = scores.shape[1]
    for place in range(n_changed):
        i = changed[place]
        worst = scores[i, k - 1]
        if worst <= known[i]:
            continue
        reach = np.arccos(max(np.float32(-1), min(np.float32(1), worst))) + slack
        known[i] = worst
        reaches[i] = reach
        cos_reach[i] = OUT_OF_REACH if reach >= np.pi else np.cos(reach)
        sin_reach[i] = 0 if reach >= np.pi else np.sin(reach)


@njit(nogil=True, cache=True)
def _dot64_at(left, i, right, j):
    """:func:`dot64` of ``left[i]`` and ``right[j]``: views would cost more."""
    first = second = third = fourth = 0.0
    n_components = left.shape[1]
    whole = n_components - n_components % 4
    for c in range(0, whole, 4):
        first += np.float64(left[i, c]) * np.float64(right[j, c])
        second += np.float64(left[i, c + 1]) * np.float64(right[j, c + 1])
        third += np.float64(left[i, c + 2]) * np.float64(right[j, c + 2])
        fourth += np.float64(left[i, c + 3]) * np.float64(right[j, c + 3])
    for c in range(whole, n_components):
        first += np.float64(left[i, c]) * np.float64(right[j, c])
    return np.float32((first + second) + (third + fourth))


@njit(nogil=True, cache=True)
def _insert_sorted_at(ids, scores, i, identity, score):
    """:func:`insert_sorted` into the list ``i``."""
    place = ids.shape[1] - 1
    if score < scores[i, place] or (score == scores[i, place] and 0 <= ids[i, place] < identity):
        return
    while place > 0 and (
        scores[i, place - 1] < score
        or (
            scores[i, place - 1] == score
            and (ids[i, place - 1] > identity or ids[i, place - 1] < 0)
        )
    ):
        ids[i, place] = ids[i, place - 1]
        scores[i, place] = scores[i, place - 1]
        place -= 1
    ids[i, place] = identity
    scores[i, place] = score


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
