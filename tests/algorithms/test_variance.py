import numpy as np
import pytest
import scipy.sparse as sp

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.variance import (
    add_totals,
    column_totals,
    energy,
    explained_variance_ratio,
)


def block_of(dense: np.ndarray) -> CsrBlock:
    found = sp.csr_matrix(dense.astype(np.float32))
    indptr = found.indptr.astype(np.int64)
    return CsrBlock(found.data, found.indices.astype(np.int32), indptr, found.shape)


@pytest.fixture
def dense() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.floor(rng.exponential(size=(60, 9)) * (rng.random((60, 9)) < 0.4) * 4) / 4


def test_totals_of_blocks_are_those_of_the_whole(dense):
    found = add_totals(column_totals(block_of(dense[:25])), column_totals(block_of(dense[25:])))
    assert found.nnz == np.count_nonzero(dense)
    assert found.squared_norm == np.square(dense).sum()
    assert np.array_equal(found.n_users, np.count_nonzero(dense, axis=0))
    assert np.array_equal(found.column_sum, dense.sum(axis=0))


def test_owned_without_weight_is_no_user():
    block = block_of(np.array([[1.0, 2.0]]))
    owned = block._replace(data=np.array([0, 2], dtype=np.float32))
    assert column_totals(owned).n_users.tolist() == [0, 1]


def test_both_variances_against_their_definitions(dense):
    _, sigma, vt = np.linalg.svd(dense, full_matrices=False)
    totals = column_totals(block_of(dense))
    assert energy(sigma, totals.squared_norm).sum() == pytest.approx(1)
    found = explained_variance_ratio(sigma, vt.T, totals.column_sum, totals.squared_norm, 60)
    wanted = (dense @ vt.T).var(axis=0) / dense.var(axis=0).sum()
    assert found == pytest.approx(wanted)
    assert found.sum() == pytest.approx(1)


def test_a_matrix_that_does_not_vary_has_no_ratio():
    ones = np.ones((4, 2))
    totals = column_totals(block_of(ones))
    factors = np.full((2, 1), 0.5**0.5)
    sigma = np.array([8**0.5])
    assert not len(explained_variance_ratio(sigma, factors, totals.column_sum, 8.0, 4))
