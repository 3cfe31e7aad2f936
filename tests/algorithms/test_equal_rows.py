"""What is left out is in no list, and of no row many copies are left."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import all_products, top_k_cosine

from cfdist.algorithms import equal_rows
from cfdist.algorithms.equal_rows import row_hashes, surplus_copies
from cfdist.algorithms.exact_neighbors import unit_rows


@settings(max_examples=150, deadline=None)
@given(
    n_rows=st.integers(0, 60),
    distinct=st.integers(1, 4),
    n_families=st.integers(1, 60),
    k=st.integers(1, 6),
    seed=st.integers(0, 2**16),
)
def test_no_list_needs_a_surplus_copy(n_rows, distinct, n_families, k, seed):
    rng = np.random.default_rng(seed)
    units = unit_rows(rng.standard_normal((distinct, 3))[rng.integers(0, distinct, n_rows)])
    family = rng.integers(0, n_families, n_rows)
    surplus = surplus_copies(units, row_hashes(units), family, k)
    ids, _ = top_k_cosine(units, k, family, all_products(units, units))
    assert not surplus[ids[ids >= 0]].any()
    for row in np.unique(units, axis=0):
        assert (~surplus[(units == row).all(axis=1)]).sum() <= 2 * k


def test_rows_with_the_hash_of_others_are_kept():
    units = unit_rows(np.random.default_rng(0).standard_normal((50, 3)))
    nothing = surplus_copies(units, np.zeros(50, np.uint64), np.arange(50), 1)
    assert not nothing.any()


def test_of_one_family_k_copies_are_left():
    units = np.tile(np.float32([[1, 0]]), (100, 1))
    surplus = surplus_copies(units, row_hashes(units), np.zeros(100, np.int64), 3)
    assert np.flatnonzero(~surplus).tolist() == [0, 1, 2]
    surplus = surplus_copies(units, row_hashes(units), np.arange(100) // 50, 3)
    assert np.flatnonzero(~surplus).tolist() == [0, 1, 2, 50, 51, 52]


@pytest.mark.parametrize("run", [1, 7, 1000])
def test_runs_do_not_matter(monkeypatch, run):
    rng = np.random.default_rng(1)
    units = unit_rows(rng.standard_normal((5, 4))[rng.integers(0, 5, 200)])
    family = rng.integers(0, 30, 200)
    hashes, surplus = row_hashes(units), surplus_copies(units, row_hashes(units), family, 4)
    assert surplus.sum() > 100
    monkeypatch.setattr(equal_rows, "HASHED_ROWS", run)
    np.testing.assert_array_equal(row_hashes(units), hashes)
    np.testing.assert_array_equal(surplus_copies(units, hashes, family, 4), surplus)


def test_hashes_tell_rows_apart():
    rows = np.random.default_rng(0).standard_normal((500, 3)).astype(np.float32)
    assert len(np.unique(row_hashes(rows))) == 500
    assert len(np.unique(row_hashes(np.concatenate([rows, rows])))) == 500
