"""The exact search on devices: its index, its batches, its lists."""

from math import ceil

from cfdist.backends import tiles
from cfdist.plan.gpu.case import DeviceCase, Traffic
from cfdist.plan.terms import Term, spread
from cfdist.plan.values import MIN_SEARCHED, NEIGHBOR_BYTES, TASKS_PER_THREAD, n_components

UNKNOWN_BYTES = 2**40
"""Of a device that nobody described: one shard, and batches of the largest size."""
INDEX_COPIES = 3
"""Of the rows of a shard while its index is made: blocks, joined, in order."""
ARRANGED_BYTES = 96
"""Per row besides: hashes, groups, ranks, their order."""
RESCORED_COPIES = 3
"""Of candidates' rows: gathered, in float64, their sums."""


def terms(case: DeviceCase) -> list[Term]:
    """Terms of the phase that takes most: an index is made, searched, its lists put together."""
    found = [phase for rows, k in searches(case) for phase in _phases(case, rows, k)]
    return max(found, key=lambda phase: sum(term.bytes for term in phase), default=[])


def moved(case: DeviceCase) -> list[Traffic]:
    """Rows to who makes an index, indexes to who searches, lists to who joins them."""
    row = 4 * n_components(case.sizes, case.job)
    rows = [n for n, _ in searches(case)]
    indexes = sum(tiles.search_index_bytes(n, n_components(case.sizes, case.job)) for n in rows)
    asked = sum(n * (row + 16) for n in rows if n_shards(case, n) > 1)
    return [
        case.to_one("queries to the shards", asked),
        case.to_one("unit rows to where an index is made", sum(rows) * row),
        case.to_all("indexes to every worker", indexes),
        case.to_one("lists to one worker", case.bytes_of("neighbours")),
    ]


def searches(case: DeviceCase) -> list[tuple[int, int]]:
    """Rows and length of the lists of each search."""
    sizes, job = case.sizes, case.job
    asked = [(sizes.articles, job.n_similar_items), (sizes.profiles, job.n_similar_users)]
    return [(rows, k) for rows, k in asked if k]


def n_shards(case: DeviceCase, rows: int) -> int:
    """Shards of the index of the profiles; articles have one."""
    if rows != case.sizes.profiles:
        return 1
    components = n_components(case.sizes, case.job)
    return min(case.blocks, tiles.index_shards(rows, components, _total(case)))


def _phases(case: DeviceCase, rows: int, k: int) -> list[list[Term]]:
    components, shards = n_components(case.sizes, case.job), n_shards(case, rows)
    index = tiles.search_index_bytes(rows, components)
    shard = ceil(index / shards)
    kept = shard * ceil(shards / case.workers)
    units = spread(4 * components * rows, case.blocks, case.workers)
    made = INDEX_COPIES * shard + ARRANGED_BYTES * ceil(rows / shards)
    tasks = _tasks(case, rows)
    lists = shards * spread((NEIGHBOR_BYTES * k + 8) * rows, tasks, case.workers)
    queries = ceil(rows / tasks)
    joined = (NEIGHBOR_BYTES * k + 8) * rows
    unit_rows = Term("unit rows of the blocks", "in flight", units)
    held = Term("indexes of the search", "in flight", min(index, kept + shard))
    return [
        [unit_rows, Term("index being made", "in flight", kept - shard + made)],
        [
            held,
            Term("batch of queries", "in flight", _batch(case, rows, queries, k)),
            Term("lists of the tasks", "in flight", lists),
        ],
        [held, Term("lists being joined", "in flight", lists + joined)],
    ]


def _batch(case: DeviceCase, rows: int, queries: int, k: int) -> int:
    """What is computed at a time, and the finished lists of a task."""
    components = n_components(case.sizes, case.job)
    share = tiles.search_share(_total(case))
    length = rows  # a list that is not settled asks for twice as many, up to all
    tile = tiles.search_bytes(min(queries, tiles.SEARCH_TILE_ROWS), rows, length)
    candidates = queries * (4 * components + tiles.FOUND_BYTES * length)
    rescored = RESCORED_COPIES * min(
        tiles.RESCORED_TILE_BYTES, queries * length * tiles.rescored_bytes(components)
    )
    return min(share, tile + candidates) + rescored + queries * k * (8 + 2 * NEIGHBOR_BYTES)


def _tasks(case: DeviceCase, rows: int) -> int:
    return max(
        1, min(TASKS_PER_THREAD * case.workers, rows // MIN_SEARCHED), min(case.workers, rows)
    )


def _total(case: DeviceCase) -> int:
    return case.machine.gpu_memory_bytes or UNKNOWN_BYTES
