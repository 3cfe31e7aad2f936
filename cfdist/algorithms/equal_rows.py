"""Bit-identical rows, of which a search needs to look at the first few only."""

from typing import Any

import numpy as np

from cfdist.algorithms.namespace import lexsort, namespace_of

HASHED_ROWS = 65_536


def row_hashes(rows: Any) -> Any:
    """uint64 ``(n_rows,)``, equal for bit-identical float32 rows; where ``rows`` is."""
    xp = namespace_of(rows)
    draw = np.random.default_rng(0)
    factors = xp.asarray(draw.integers(1, 2**63, rows.shape[1], dtype=np.uint64))
    hashes = xp.empty(len(rows), dtype=xp.uint64)
    for first in range(0, len(rows), HASHED_ROWS):
        bits = _bits(rows[first : first + HASHED_ROWS])
        hashes[first : first + HASHED_ROWS] = (bits * factors).sum(axis=1)
    return hashes


def surplus_copies(rows: Any, hashes: Any, family: Any, k: int) -> Any:
    """Bit-identical rows that are in no list of k, as k of lower index go before them.

    Returns
    -------
    bool ``(n_rows,)``; of no row more than 2k copies are left

    Notes
    -----
    Of a family the first k copies do, since k of them go before the others. Of what is left the
    first 2k do: at most k of these are of a query's own family. Rows whose hashes are equal by
    chance count as different, which leaves more than is needed.
    """
    xp = namespace_of(rows)
    surplus = xp.zeros(len(rows), dtype=bool)
    group = _groups(rows, hashes)
    often = xp.flatnonzero(xp.bincount(group, minlength=1)[group] > 2 * k)
    if not len(often):
        return surplus
    surplus[often] = _ranks(group[often], family[often]) >= k
    left = often[~surplus[often]]
    surplus[left] = _ranks(group[left]) >= 2 * k
    return surplus


def _groups(rows: Any, hashes: Any) -> Any:
    """Number of each row's group of identical rows, int64."""
    xp = namespace_of(rows)
    order = xp.argsort(hashes, kind="stable")
    is_new = xp.zeros(len(rows), dtype=bool)
    for first in range(1, len(rows), HASHED_ROWS):
        run = order[first - 1 : first + HASHED_ROWS]
        bits = _bits(rows[run])
        is_new[first : first + len(run) - 1] = (bits[1:] != bits[:-1]).any(axis=1)
    group = xp.empty(len(rows), dtype=xp.int64)
    group[order] = xp.cumsum(is_new)
    return group


def _ranks(*keys: Any) -> Any:
    """How many rows before each have the same keys."""
    xp = namespace_of(*keys)
    n = len(keys[0])
    places = xp.arange(n)
    order = lexsort([places, *keys])
    is_new = xp.zeros(n, dtype=bool)
    is_new[:1] = True
    for key in keys:
        ordered = key[order]
        is_new[1:] |= ordered[1:] != ordered[:-1]
    starts = xp.flatnonzero(is_new)
    ranks = xp.empty(n, dtype=xp.int64)
    ranks[order] = places - starts[xp.cumsum(is_new) - 1]
    return ranks


def _bits(rows: Any) -> Any:
    xp = namespace_of(rows)
    return xp.ascontiguousarray(rows).view(xp.uint32)
