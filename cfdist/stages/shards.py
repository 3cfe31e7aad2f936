"""Runs of rows that one task works on, a function of their number alone."""

from itertools import pairwise

ROWS_PER_SHARD = 1024
MAX_SHARDS = 64


def article_shards(n_articles: int) -> list[range]:
    """Runs of about 1,024 articles, 64 at most."""
    n_shards = min(MAX_SHARDS, -(-n_articles // ROWS_PER_SHARD))
    bounds = [n_articles * shard // n_shards for shard in range(n_shards + 1)]
    return [range(a, b) for a, b in pairwise(bounds)]
