"""Bytes of the values that stages make, from the shapes of their arrays."""

from dataclasses import dataclass
from math import ceil

from cfdist.algorithms.neighbor_groups import index_bytes
from cfdist.algorithms.partitioning import n_blocks
from cfdist.plan.sizes import WHOLE_NUMBER_BYTES, Job, Sizes

ROWS_PER_SHARD, MAX_SHARDS = 1024, 64
GRAM_ARTICLES, GRAM_USERS = 512, 4096
TASKS_PER_THREAD = 8
MIN_SEARCHED = 2_000
MAX_PARTS = 64
SIMILARITY_TILE = 1024
TILE_ROWS = 512


@dataclass(frozen=True)
class Values:
    """Bytes of every artifact of a job, and into how many parts each falls.

    ``frames`` are rows as they are read; ``interactions`` the sorted rows; ``lists`` are per
    distinct history, most of which a block has alone.
    """

    blocks: int
    shards: int
    frames: int
    interactions: int
    ids: int
    matrix: int
    baskets: int
    user_factors: int
    item_factors: int
    profiles: int
    neighbors: int
    search_index: int
    lists: int
    pairs: int


PAIR_ROW_BYTES = 50
LIST_ENTRY_BYTES = 8 + 4 + 1
NEIGHBOR_BYTES = 8 + 4
ENTRY_BYTES = 4 + 4
POINTER_BYTES = 8
INTERACTION_BYTES = 3 * 4 + 8 + 8
FRAME_BYTES = 4 + 1 + 8 + 8
REPEATED_IN_BLOCKS = 0.35
"""Of the users who share a history, those whose block has nobody else with it."""


def values_of(sizes: Sizes, job: Job) -> Values:
    """Bytes of the artifacts of a job."""
    blocks = n_blocks(sizes.rows)
    n = min(job.n_recommendations, sizes.articles)
    components = n_components(sizes, job)
    ids = sizes.users * sizes.user_id_bytes + sizes.articles * sizes.article_id_bytes
    shared_entries = max(sizes.profiles, sizes.pairs - (sizes.users - sizes.profiles))
    return Values(
        blocks=blocks,
        shards=article_shards(sizes.articles),
        frames=round(sizes.rows * frame_row_bytes(sizes)),
        interactions=round(
            sizes.rows * INTERACTION_BYTES
            + sizes.users * sizes.user_id_bytes
            + min(sizes.articles * blocks, sizes.rows) * sizes.article_id_bytes
        ),
        ids=round(ids),
        matrix=sizes.pairs * ENTRY_BYTES + sizes.users * POINTER_BYTES,
        baskets=sizes.basket_entries * ENTRY_BYTES + sizes.baskets * POINTER_BYTES,
        user_factors=4 * components * sizes.users,
        item_factors=4 * components * sizes.articles,
        profiles=sizes.users * 4 + sizes.profiles * (24 + POINTER_BYTES)
        + shared_entries * ENTRY_BYTES,
        neighbors=NEIGHBOR_BYTES
        * (sizes.profiles * job.n_similar_users + sizes.articles * job.n_similar_items),
        search_index=index_bytes(sizes.profiles, components) if job.n_similar_users else 0,
        lists=round(distinct_lists(sizes, blocks) * n * LIST_ENTRY_BYTES + sizes.users * 4),
        pairs=pair_rows(sizes, job) * PAIR_ROW_BYTES,
    )  # fmt: skip


def n_components(sizes: Sizes, job: Job) -> int:
    """Components that the matrix has."""
    return min(job.n_components, sizes.users, sizes.articles)


def article_shards(n_articles: int) -> int:
    """Tasks over runs of articles."""
    return min(MAX_SHARDS, ceil(n_articles / ROWS_PER_SHARD))


def frame_row_bytes(sizes: Sizes) -> float:
    """Bytes of a row as it is read: bucket, flags, numbers, ids."""
    basket = sizes.basket_id_bytes + 1 if sizes.basket_id_bytes else 0.0
    n_texts = sizes.text_columns + (sizes.time_text_bytes > 0)
    texts = sizes.time_text_bytes + WHOLE_NUMBER_BYTES * n_texts  # where each text begins
    return FRAME_BYTES + sizes.user_id_bytes + sizes.article_id_bytes + basket + texts


def distinct_lists(sizes: Sizes, blocks: int) -> float:
    """Lists that are made: distinct histories, counted block by block."""
    repeated = (sizes.users - sizes.profiles) * REPEATED_IN_BLOCKS * (1 - 1 / blocks)
    return sizes.profiles + repeated


def pair_rows(sizes: Sizes, job: Job) -> int:
    """Rows of the published pairs: both relations of every article, filled up."""
    return 2 * sizes.articles * min(job.n_similar_items, max(sizes.articles - 1, 0))
