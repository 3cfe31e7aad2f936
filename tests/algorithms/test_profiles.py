"""Users with the same history are one profile, and its owner is the first of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cfdist.algorithms.hashing import hash_rows
from cfdist.algorithms.profiles import find_profiles, group_equal

History = tuple[tuple[int, float], ...]
histories = st.lists(
    st.dictionaries(st.integers(0, 3), st.sampled_from([1.0, 2.0]), max_size=3).map(
        lambda row: tuple(sorted(row.items()))
    ),
    max_size=25,
)


def hashes_of(rows: list[History]) -> tuple[np.ndarray, np.ndarray]:
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    indices = np.array([column for row in rows for column, _ in row], dtype=np.int32)
    data = np.array([weight for row in rows for _, weight in row], dtype=np.float32)
    return hash_rows(indptr, indices, data), hash_rows(indptr, indices)


def test_a_shop_of_five_users() -> None:
    apple, twice, pear = ((0, 1.0),), ((0, 2.0),), ((1, 1.0),)
    profiles = find_profiles(*hashes_of([pear, apple, pear, twice, apple]))
    assert profiles.owner.tolist() == [0, 1, 3]
    assert profiles.of_user.tolist() == [0, 1, 0, 2, 1]
    assert profiles.n_users.tolist() == [2, 2, 1]
    assert profiles.family.tolist() == [0, 1, 1]
    assert [a.dtype.name for a in profiles] == ["int64", "int32", "int64", "int64"]


@given(rows=histories)
def test_profiles_are_the_distinct_histories(rows: list[History]) -> None:
    profiles = find_profiles(*hashes_of(rows))
    distinct = list(dict.fromkeys(rows))
    assert [rows[owner] for owner in profiles.owner] == distinct
    assert profiles.owner.tolist() == [rows.index(row) for row in distinct]
    assert [distinct[profile] for profile in profiles.of_user] == rows
    assert profiles.n_users.tolist() == [rows.count(row) for row in distinct]
    sets = [tuple(column for column, _ in row) for row in distinct]
    for a, left in enumerate(sets):
        for b, right in enumerate(sets):
            assert (profiles.family[a] == profiles.family[b]) == (left == right)


def test_groups_differ_if_either_half_of_the_hash_does() -> None:
    hashes = np.array([[1, 1], [1, 2], [2, 1], [1, 1], [2, 1]], dtype=np.uint64)
    group, first = group_equal(hashes)
    assert group.tolist() == [0, 1, 2, 0, 2]
    assert first.tolist() == [0, 1, 2]
