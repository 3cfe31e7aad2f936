"""The share of pairs that the search computes, measured and carried on."""

import numpy as np

from cfdist.algorithms.csr import CsrBlock
from cfdist.planning.search import measure_search_share


def histories(n_users: int, n_articles: int = 60, seed: int = 0) -> CsrBlock:
    rng = np.random.default_rng(seed)
    rows = [np.sort(rng.choice(n_articles, 4, replace=False)) for _ in range(n_users)]
    indptr = np.arange(n_users + 1, dtype=np.int64) * 4
    return CsrBlock(
        np.ones(4 * n_users, np.float32), np.concatenate(rows).astype(np.int32), indptr,
        (n_users, n_articles),
    )  # fmt: skip


def test_a_share_of_all_pairs():
    share = measure_search_share(histories(1500), 1500, 8, 10)
    assert 0 < share <= 1


def test_more_histories_have_a_smaller_share_each():
    block = histories(1500)
    here, there = (measure_search_share(block, n, 8, 10) for n in (1500, 150_000))
    assert there < here / 10


def test_unknown_for_few_histories_and_without_neighbours():
    assert measure_search_share(histories(50), 50, 8, 10) is None
    assert measure_search_share(histories(1500), 1500, 8, 0) is None
