"""What each stage takes of a device and moves: largest task, replicated values, transfers."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil

from cfdist.backends import tiles
from cfdist.plan.gpu import search, svd
from cfdist.plan.gpu.case import DeviceCase, DeviceStage, Traffic
from cfdist.plan.terms import Term, spread
from cfdist.plan.values import (
    ENTRY_BYTES,
    INTERACTION_BYTES,
    MAX_PARTS,
    POINTER_BYTES,
    article_shards,
    distinct_lists,
    frame_row_bytes,
)

READ_COPIES = 3
"""Rows of a part as they are read, checked, and taken in order."""
SORT_ROW_BYTES = 72
"""Per row of a block: keys of the sort in int64, their order, columns before and after it."""
SUM_ROW_BYTES = 112
"""Per row of a block while it is summed into pairs and baskets: codes, keys, order, sums."""
HASH_ROW_BYTES = 64
"""Per entry or user whose history is hashed: mixed words, prefix sums, two hashes of 128 bits."""
GROUP_USER_BYTES = 96
"""Per user while equal hashes are brought together in one task."""
PROFILE_BYTES = 28
"""Per user of the table that says who shares a history; it is on the host."""
COUNT_BYTES = 36
"""Per count of a tile of articles: counts before and after they are added, keys, their copy."""
NAMED_BYTES = 40
"""Per row that a tile names: its number, weight, length, where its entries begin."""
TOP_POWER = 0.5
"""The r most bought of n articles have (r / n) to this power of the entries, or less: assumed."""
ID_TOTALS_BYTES = 24
"""Per article: users, sum of weights, sum of squares."""


def ingest(case: DeviceCase) -> DeviceStage:
    """Read, check, exchange, sort."""
    sizes, values = case.sizes, case.values
    part = READ_COPIES * ceil(values.frames / sizes.read_tasks)
    in_files = case.job.out_of_core or sizes.read_tasks > MAX_PARTS
    sent = 2 if case.workers > 1 else 1  # a piece is where it was cut and where it is wanted
    waiting = min(values.frames, sent * spread(values.frames, case.blocks, case.workers))
    block_rows = case.in_block(sizes.rows)
    block = round(block_rows * (frame_row_bytes(sizes) * 2 + SORT_ROW_BYTES))
    terms = [
        Term("rows that wait for their block", "in flight", 0 if in_files else waiting),
        Term("rows of a part, or of a block, in work", "in flight", max(part, block)),
    ]
    traffic = [case.to_device("files", sizes.file_bytes)]
    if in_files:
        traffic += [
            case.to_host("rows to files", values.frames),
            case.to_device("rows from files", values.frames),
        ]
    else:
        traffic.append(case.exchanged("rows to their block", values.frames))
    ids = values.interactions - sizes.rows * INTERACTION_BYTES
    traffic.append(case.to_host("ids", max(0, ids)))
    return _stage("ingest", case, terms, traffic, "interactions", tasks=case.blocks)


def hold_out(case: DeviceCase) -> DeviceStage | None:
    """The gate's measurement: the stages once more, on some of the users."""
    if not case.job.hold_out_users:
        return None
    job = replace(case.job, checkpoints=False, out_of_core=False, hold_out_users=0)
    inner = DeviceCase(
        case.sizes.with_users(job.hold_out_users or case.job.hold_out_users), job, case.machine
    )
    stages = [stage(inner) for stage in (matrix, factorize, profiles, neighbors, recommend)]
    largest = max(stages, key=lambda stage: stage.peak_bytes)
    terms = [Term("fitted on a sample", "in flight", largest.peak_bytes)]
    traffic = [one for stage in stages for one in stage.traffic]
    return _stage("hold_out", case, terms, traffic, tasks=case.blocks)


def index(case: DeviceCase) -> DeviceStage:
    """Ids are on the host."""
    ids = round(case.sizes.articles * case.sizes.article_id_bytes)
    traffic = [case.summed("article ids, merged", ids)]
    return _stage("index", case, [], traffic, tasks=case.blocks)


def matrix(case: DeviceCase) -> DeviceStage:
    """Rows summed into weights and baskets; all baskets put together on one worker's host."""
    sizes, values = case.sizes, case.values
    unweighed = spread(values.matrix, case.blocks, case.workers)
    apart = spread(values.baskets, case.blocks, case.workers)
    terms = [
        Term(
            "rows of a block being summed",
            "in flight",
            SUM_ROW_BYTES * case.in_block(sizes.rows) + 2 * ID_TOTALS_BYTES * sizes.articles,
        ),
        Term("blocks before they are weighed", "in flight", unweighed),
        Term("baskets of the blocks", "in flight", apart),
    ]
    traffic = [
        case.to_all("article ids", round(sizes.articles * sizes.article_id_bytes)),
        case.summed("sums per article", ID_TOTALS_BYTES * sizes.articles),
        case.to_host("baskets", values.baskets),
        case.to_one("baskets to one worker", values.baskets),
    ]
    return _stage("matrix", case, terms, traffic, "matrix", tasks=case.blocks)


def factorize(case: DeviceCase) -> DeviceStage:
    """Passes over the blocks, or one Gram matrix."""
    terms, traffic = list(svd.solve(case)), list(svd.moved(case))
    return _stage(
        "factorize", case, terms, traffic, "user factors", "item factors", tasks=case.blocks
    )


def profiles(case: DeviceCase) -> DeviceStage:
    """Equal histories found by one task; distinct ones put together on one worker."""
    sizes, histories = case.sizes, case.bytes_of("distinct histories")
    hashing = HASH_ROW_BYTES * (case.in_block(sizes.pairs) + case.in_block(sizes.users))
    grouping = GROUP_USER_BYTES * sizes.users
    terms = [
        Term("histories of the blocks", "in flight", histories),
        Term("hashes", "in flight", max(hashing, grouping)),
    ]
    traffic = [
        case.to_one("hashes to one worker", 32 * sizes.users),
        case.to_one("histories to one worker", histories),
        Traffic("who shares a history", "to the host", PROFILE_BYTES * sizes.users),
    ]
    return _stage("profiles", case, terms, traffic, "distinct histories", tasks=2 * case.blocks)


def neighbors(case: DeviceCase) -> DeviceStage:
    """Exact search over profiles and over articles."""
    tasks = max(1, sum(search.n_shards(case, rows) for rows, _ in search.searches(case)))
    return _stage(
        "neighbors",
        case,
        search.terms(case),
        search.moved(case),
        "neighbours",
        tasks=tasks * case.workers,
    )


def recommend(case: DeviceCase) -> DeviceStage:
    """Lists of a block's distinct histories, tile by tile."""
    sizes, job = case.sizes, case.job
    users = case.in_block(sizes.users)
    weights = 2 * users * max(1, job.n_similar_users) * (ENTRY_BYTES + 12)
    history = 2 * case.block_of_matrix() + HASH_ROW_BYTES * case.in_block(sizes.pairs)
    rows = min(users, tiles.score_tile_rows(sizes.articles))
    named = rows * max(1, job.n_similar_users)
    terms = [
        Term("rows of a block and their weights", "in flight", weights + history),
        Term("dense scores of a tile", "in flight", tiles.SCORE_BYTES * rows * sizes.articles),
        Term("histories of a tile's neighbours", "in flight", _expanded(case, named)),
    ]
    read = ("distinct histories", "neighbours", "item factors")
    lists = round(distinct_lists(sizes, case.blocks) * min(job.n_recommendations, sizes.articles))
    traffic = [
        *(case.to_all(f"{name} to every worker", case.bytes_of(name)) for name in read),
        case.to_host("finished lists", 13 * lists),
    ]
    return _stage("recommend", case, terms, traffic, tasks=case.blocks)


def pairs(case: DeviceCase) -> DeviceStage:
    """Partners of articles by baskets, a run of articles at a time."""
    sizes, values = case.sizes, case.values
    turned = ENTRY_BYTES * sizes.basket_entries + POINTER_BYTES * (sizes.articles + 1)
    shards = max(1, article_shards(sizes.articles))
    rows = min(ceil(sizes.articles / shards), tiles.score_tile_rows(sizes.articles))
    most = round(sizes.basket_entries * (rows / sizes.articles) ** TOP_POWER)
    terms = [
        Term("baskets", "in flight", values.baskets),
        Term("baskets by article", "in flight", turned),
        Term("counts of a tile of articles", "in flight", COUNT_BYTES * rows * sizes.articles),
        Term(
            "baskets of the most bought articles",
            "in flight",
            NAMED_BYTES * most
            + min(tiles.EXPANSION_BYTES, tiles.EXPANDED_BYTES * sizes.basket_work),
        ),
    ]
    traffic = [
        Traffic("baskets, both ways", "to the device", values.baskets + turned),
        case.to_all("baskets, both ways, to every worker", values.baskets + turned),
        Traffic("pairs", "to the host", spread(values.pairs, shards, case.workers)),
    ]
    return _stage("pairs", case, terms, traffic, tasks=shards)


def _expanded(case: DeviceCase, named: int) -> int:
    """Of so many rows that are named, their entries, as many as are there at a time."""
    history = ceil(case.sizes.pairs / max(1, case.sizes.profiles))
    entries = tiles.EXPANDED_BYTES * named * history
    return NAMED_BYTES * named + min(tiles.EXPANSION_BYTES, entries)


def publish(case: DeviceCase) -> DeviceStage:
    """The files of the build: what is in them is copied to the host once."""
    users = [case.to_host(name, case.bytes_of(name)) for name in ("user factors", "matrix")]
    whole = [
        Traffic(name, "to the host", case.bytes_of(name)) for name in ("neighbours", "item factors")
    ]
    return _stage("publish", case, [], [*users, *whole], tasks=case.blocks)


STAGES: tuple[Callable[[DeviceCase], DeviceStage | None], ...] = (
    ingest,
    hold_out,
    index,
    matrix,
    factorize,
    profiles,
    neighbors,
    recommend,
    pairs,
    publish,
)


def _stage(
    name: str, case: DeviceCase, terms: list[Term], traffic: list[Traffic], *made: str, tasks: int
) -> DeviceStage:
    """With what lies there, what a checkpoint takes to the host, what comes from files."""
    return DeviceStage(
        name,
        (*case.lying(name), *(term for term in terms if term.bytes)),
        (
            *(one for one in traffic if one.bytes),
            *case.checkpointed(*made),
            *case.mapped(name, tasks),
        ),
    )
