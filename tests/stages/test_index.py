from itertools import pairwise

import numpy as np
from running import open_context

from cfdist.algorithms import partitioning
from cfdist.algorithms.hashing import bucket_of, hash_ids
from cfdist.stages.index import index, tree_reduce
from cfdist.stages.ingest import ingest


def concat(left, right):
    return left + right


def test_users_by_bucket_and_id_articles_by_id(tmp_path, monkeypatch):
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", 4096)
    with open_context(tmp_path) as context:
        found = index(context, ingest(context))
        assert (found.n_users, found.n_articles) == (3000, 400)
        users = [future.result() for future in found.parts["user_ids"]]
        assert len(users) == 5
        assert [b - a for a, b in pairwise(found.first_users)] == [len(ids) for ids in users]
        everyone = np.concatenate([np.asarray(ids) for ids in users])
        assert len(np.unique(everyone)) == 3000
        import pyarrow as pa

        order = np.lexsort((everyone, bucket_of(hash_ids(pa.array(everyone)))))
        assert np.array_equal(order, np.arange(3000))
        articles = np.asarray(found.article_ids.result())
        assert np.array_equal(articles, np.unique(articles))


def test_tree_combines_neighbours_in_order(tmp_path):
    with open_context(tmp_path) as context, context.stage("index") as stage:
        for size in (1, 2, 5, 8):
            leaves = [stage.submit(concat, [n], [], label="leaf") for n in range(size)]
            assert stage.result(tree_reduce(stage, concat, leaves, "sum")) == list(range(size))
