import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import all_products, top_k_cosine

from cfdist.algorithms.exact_neighbors import NOTHING, build_index, query_tiles, search, unit_rows
from cfdist.algorithms.repeated_rows import find_distinct, lists_of_all


def lists_by_distinct_rows(units, k):
    distinct = find_distinct(units)
    rows = units[distinct.first]
    index = build_index(rows, np.arange(len(rows)))
    ids = np.full((len(rows), k), -1, dtype=np.int64)
    scores = np.full((len(rows), k), NOTHING, dtype=np.float32)
    queries, found, cosines, _ = search(index, query_tiles(index), k)
    ids[queries], scores[queries] = found, cosines
    return lists_of_all(distinct, rows, ids, scores)


@pytest.mark.parametrize("k", [1, 3, 20])
@given(
    kinds=st.lists(st.integers(0, 8), min_size=1, max_size=60), n_components=st.integers(1, 4),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_lists_are_those_of_all_rows(kinds, n_components, seed, k):
    """Few integers: many rows repeat, many cosines are equal, and some rows are zero."""
    patterns = np.random.default_rng(seed).integers(-1, 2, (9, n_components))
    units = unit_rows(patterns[kinds].astype(float))
    ids, scores = lists_by_distinct_rows(units, k)
    true_ids, true_scores = top_k_cosine(units, k, None, all_products(units, units))
    np.testing.assert_array_equal(ids, true_ids)
    np.testing.assert_array_equal(scores, true_scores)


def test_distinct_rows_are_numbered_by_their_first_row():
    distinct = find_distinct(np.array([[2, 1], [0, 1], [2, 1], [0, 1], [5, 5]], dtype=np.float32))
    assert distinct.first.tolist() == [0, 1, 4]
    assert distinct.of_row.tolist() == [0, 1, 0, 1, 2]
    assert distinct.members.tolist() == [0, 2, 1, 3, 4]
    assert distinct.start.tolist() == [0, 2, 4, 5]
