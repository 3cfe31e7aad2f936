import numpy as np
import pyarrow as pa
import pytest
from build_folders import make_build
from hypothesis import given, settings
from hypothesis import strategies as st

from cfdist.algorithms.csr import csr_from_sorted
from cfdist.builds.diff import compare, diff
from cfdist.builds.lists import StoredLists, count_owned, read_lists
from cfdist.errors import BuildError


def test_lists_are_read_part_by_part(tmp_path):
    lists = {7: [30, 10], 3: [], 5: [20], 9: [10, 20, 30]}
    found = read_lists(make_build(tmp_path, "a", lists, n_parts=2), k=2)
    assert found.user_ids.to_pylist() == [7, 3, 5, 9]
    assert found.article_ids.to_pylist() == [10, 20, 30]
    assert found.articles.tolist() == [[2, 0], [-1, -1], [1, -1], [0, 1]]
    assert found.coverage == 1.0


def test_lists_of_strangers_are_an_error(tmp_path):
    build = make_build(tmp_path, "a", {1: [10], 2: [20]}, articles=[10])
    with pytest.raises((BuildError, pa.ArrowInvalid)):
        read_lists(build)


def test_diff_by_hand(tmp_path):
    a = make_build(tmp_path, "a", {1: [10, 20], 2: [10, 30], 3: [30, 20]})
    b = make_build(
        tmp_path, "b", {4: [40, 10], 2: [30, 10], 1: [40, 20]}, method="latent", n_parts=2,
        settings={"recommend": {"method": "latent", "owned": "exclude", "n": 2}},
    )  # fmt: skip
    found = diff(a, b)
    assert (found.users_in_both, found.users_gained, found.users_lost) == (2, 1, 1)
    assert (found.articles_gained, found.articles_lost) == (1, 0)
    assert found.overlap == 0.75
    assert found.overlap_deciles[0] == 0.5
    assert found.overlap_deciles[-1] == 1.0
    assert found.coverage == (1.0, 1.0)
    assert [(m.article_id, m.name, m.before, m.after) for m in found.risen] == [
        (40, "name of 40", 0, 2)
    ]
    assert [(m.article_id, m.before, m.after) for m in found.fallen] == [(20, 2, 1), (30, 2, 1)]
    assert found.method == ("user_neighbors", "latent")
    assert found.settings == {
        "recommend.method": ("user_neighbors", "latent"), "recommend.n": (None, 2)
    }  # fmt: skip


def test_a_build_and_itself(tmp_path):
    a = make_build(tmp_path, "a", {1: [10, 20], 2: []})
    found = diff(a, a)
    assert found.overlap == 1.0
    assert (found.risen, found.fallen, found.settings) == ([], [], {})


def test_nobody_in_both(tmp_path):
    found = diff(make_build(tmp_path, "a", {1: [1]}), make_build(tmp_path, "b", {2: [1]}))
    assert found.overlap is None
    assert found.overlap_deciles == []


def test_numbers_became_text(tmp_path):
    a = make_build(tmp_path, "a", {1: [10, 20]})
    b = make_build(tmp_path, "b", {"1": ["20", "10"]})
    found = diff(a, b)
    assert found.overlap == 1.0
    assert found.articles_gained == 0
    assert diff(b, a).overlap == 1.0


ids = st.integers(0, 6)
lists = st.dictionaries(ids, st.lists(ids, unique=True, max_size=4), min_size=1)


def stored(lists, k):
    articles = sorted({article for row in lists.values() for article in row})
    dense = np.full((len(lists), k), -1, dtype=np.int32)
    for place, row in enumerate(lists.values()):
        dense[place, : len(row)] = [articles.index(article) for article in row]
    return StoredLists(pa.array(lists), pa.array(articles, pa.int64()), dense)


@settings(max_examples=200)
@given(lists, lists)
def test_overlap_is_that_of_sets(a, b):
    found = compare(stored(a, 4), stored(b, 4))
    expected = [
        len(set(a[user]) & set(row)) / max(len(a[user]), len(row))
        for user, row in b.items()
        if user in a and (a[user] or row)
    ]
    assert found.overlap.tolist() == expected
    assert found.users_in_both == len(set(a) & set(b))


@given(st.lists(st.tuples(st.sets(ids), st.lists(ids, unique=True, max_size=4)), min_size=1))
def test_owned_entries_are_counted(users):
    pairs = [(row, article) for row, (owned, _) in enumerate(users) for article in sorted(owned)]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    owned = csr_from_sorted(rows, columns, np.zeros(len(rows)), (len(users), 7))
    chosen = np.full((len(users), 4), -1)
    for row, (_, listed) in enumerate(users):
        chosen[row, : len(listed)] = listed
    block = {"articles": chosen[::-1], "row_of_user": np.arange(len(users))[::-1]}
    assert count_owned(block, owned) == sum(len(has & set(listed)) for has, listed in users)
