from itertools import pairwise

import pytest

from cfdist.stages.shards import article_shards


@pytest.mark.parametrize("n_articles", [1, 2, 1023, 1024, 1025, 7300, 68_509, 10**6])
def test_shards_cover_all_articles_once(n_articles):
    shards = article_shards(n_articles)
    assert [i for shard in shards for i in (shard.start, shard.stop)][:: len(shards) * 2 - 1] == [
        0,
        n_articles,
    ]
    assert all(a.stop == b.start for a, b in pairwise(shards))
    assert len(shards) <= 64
