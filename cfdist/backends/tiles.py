"""What a piece of work may take on a device: read by the backend that cuts it and by the plan.

Everything here is arithmetic without imports, so that a machine without a GPU can plan for one.
A task never holds more than its arguments, its result and one tile of these.
"""

from typing import Final

TILE_BYTES: Final = 2**30
"""Of a tile of dense scores with all that choosing from it takes."""
PRODUCT_BYTES: Final = 2**28
"""Of the intermediate array of a sparse product, and of a run of rows made dense."""
SEARCH_TILE_BYTES: Final = 2**29
"""Of the distances that cuVS makes at a time in a search by brute force; its own constant."""
SEARCH_TILE_ROWS: Final = 512
"""Queries of such a tile: the best of each run of columns are kept until all have been seen."""
SEARCH_TILE_COLUMNS: Final = 2**18
SCORE_BYTES: Final = 4 + 8 + 8 + 8
"""Per score of a dense tile: float32, its int64 key, the copy that is partitioned, a mask's or an
index's temporary."""
EXPANDED_BYTES: Final = 48
"""Per entry of an expansion (list entry × its row's entries): keys, values, their order, sums."""


def rows_per_tile(row_bytes: int, tile_bytes: int = TILE_BYTES) -> int:
    """Rows of a tile whose rows take so many bytes; one at least.

    Examples
    --------
    >>> rows_per_tile(28 * 100_000), rows_per_tile(10**12)
    (383, 1)
    """
    return max(1, tile_bytes // max(1, row_bytes))


def search_bytes(n_queries: int, n_rows: int, k: int) -> int:
    """Bytes of a search by brute force beside index and queries: tile, runs of best, outputs."""
    tile_rows = min(n_queries, SEARCH_TILE_ROWS)
    columns = max(1, -(-n_rows // SEARCH_TILE_COLUMNS))
    tile = 4 * tile_rows * min(n_rows, max(k, SEARCH_TILE_COLUMNS))
    best = 12 * tile_rows * k * columns
    return min(tile, SEARCH_TILE_BYTES) + best + 12 * n_queries * k


EXPANSION_BYTES: Final = 2**28
"""Of the entries of an expansion that are there at a time; a tile of sums takes several runs."""
RESCORED: Final = 32
"""Candidates beyond the length of a list that are scored again in float64: what float32 products
may have put in the wrong order."""


def score_tile_rows(n_articles: int) -> int:
    """Rows of a tile of dense scores, from which the best are chosen."""
    return rows_per_tile(SCORE_BYTES * n_articles)


def latent_tile_rows(n_articles: int, n: int, n_components: int) -> int:
    """Rows of a tile of products whose best n and some are gathered and scored again."""
    gathered = (4 + 8) * n_components * (n + RESCORED)
    return rows_per_tile(SCORE_BYTES * n_articles + gathered)


def expansion_entries() -> int:
    """Entries of an expansion that are worked on at a time."""
    return EXPANSION_BYTES // EXPANDED_BYTES


INDEX_SHARE: Final = 4
"""An index is at most this part of a device: its blocks, the joined rows and their order are three
of its size while it is made."""
SEARCH_SHARE: Final = 8
"""A batch of a search is at most this part of a device, and at most 2 GiB."""
FOUND_BYTES: Final = 4 + 8 + 4 + 8 + 8 + 3 * 8
"""Per candidate: product, position, score, its row's index and family, keys while sorted."""
RESCORED_TILE_BYTES: Final = 2**26
"""Of candidates' rows in float64 at a time."""


def search_index_bytes(n_rows: int, n_components: int) -> int:
    """Bytes of the index of a search by brute force: unit rows, their numbers and families."""
    return n_rows * (4 * n_components + 16)


def index_shards(n_rows: int, n_components: int, total_bytes: int) -> int:
    """Shards of an index, so that each is at most a quarter of a device of ``total_bytes``.

    Examples
    --------
    >>> index_shards(10**7, 128, 80 * 10**9), index_shards(10**8, 128, 80 * 10**9)
    (1, 3)
    """
    share = max(1, total_bytes // INDEX_SHARE)
    return max(1, -(-search_index_bytes(n_rows, n_components) // share))


def search_share(total_bytes: int) -> int:
    """Bytes that a batch of a search may take on a device of ``total_bytes``."""
    return min(2 * TILE_BYTES, total_bytes // SEARCH_SHARE)


def rescored_bytes(n_components: int) -> int:
    """Bytes per candidate that is scored again: its row in float32 and in float64, sums."""
    return 12 * n_components + 56


def search_rows(n_rows: int, n_components: int, length: int, n_bytes: int) -> int:
    """Queries of a batch of at most ``n_bytes``, with ``length`` candidates each; one at least.

    cuVS's own tile has 512 queries at most, so it grows with the batch up to there.
    """
    columns = min(n_rows, max(length, SEARCH_TILE_COLUMNS))
    runs = -(-n_rows // max(1, columns))
    tile_row = 4 * columns + 12 * length * runs
    query = 4 * n_components + FOUND_BYTES * length
    fitting = n_bytes // max(1, tile_row + query)
    if fitting > SEARCH_TILE_ROWS:
        fitting = max(fitting, (n_bytes - SEARCH_TILE_ROWS * tile_row) // query)
    return max(1, fitting)
