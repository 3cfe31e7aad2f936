import numpy as np
import pyarrow as pa
import pytest
from frame_engines import strict_gpu
from hypothesis import given
from hypothesis import strategies as st

from cfdist.algorithms.hashing import SAMPLE_SEED, hash_ids
from cfdist.algorithms.sampling import in_row_sample, in_user_sample, lowest_distinct


def test_users_stay_or_go_with_all_their_rows():
    users = pa.array(np.repeat(np.arange(1000), 3))
    kept = in_user_sample(users, None, 2**63).reshape(1000, 3)
    assert (kept.all(axis=1) | ~kept.any(axis=1)).all()
    assert 0.45 < kept.mean() < 0.55


def test_rows_without_a_user_go_by_their_basket():
    users = pa.array([1, None, None], pa.int64())
    baskets = pa.array([10, 11, 11])
    threshold = int(hash_ids(pa.array([11]), SAMPLE_SEED)[0]) + 1
    kept = in_user_sample(users, baskets, threshold)
    assert kept[1]
    assert kept[2]


def test_rows_are_sampled_by_all_of_their_values():
    n = 4000
    users, articles = pa.array(np.zeros(n, np.int64)), pa.array(np.zeros(n, np.int64))
    times, ones = np.arange(n), np.ones(n)
    kept = in_row_sample(users, None, articles, times, ones, 2**62)
    assert 0.2 < kept.mean() < 0.3
    again = in_row_sample(users, None, articles, times[::-1].copy(), ones, 2**62)
    assert np.array_equal(kept, again[::-1])
    same = in_row_sample(users, None, articles, np.zeros(n, np.int64), ones, 2**62)
    assert same.all() or not same.any()


@given(
    hashes=st.lists(st.integers(0, 40)),
    n=st.integers(1, 12),
    enough=st.sampled_from([0, 1, 7, 20, 2**64]),
)
def test_the_lowest_distinct_hashes_whatever_is_enough(hashes, n, enough):
    found = lowest_distinct(np.array(hashes, dtype=np.uint64), n, enough)
    assert found.tolist() == sorted(set(hashes))[:n]


@pytest.mark.parametrize("enough", [3, 2**64])
def test_the_lowest_distinct_hashes_of_a_device(enough):
    with strict_gpu():
        import cupy

        found = lowest_distinct(cupy.asarray(np.array([7, 1, 7, 3], dtype=np.uint64)), 2, enough)
        assert found.get().tolist() == [1, 3]
