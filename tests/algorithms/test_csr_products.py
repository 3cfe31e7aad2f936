"""Products against dense ones, and to the bit against sums in the order of the rows."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from cfdist.algorithms import csr_products
from cfdist.algorithms.csr import CsrBlock, check_canonical


def block_of(dense: np.ndarray) -> CsrBlock:
    matrix = sp.csr_matrix(dense)
    block = CsrBlock(
        matrix.data, matrix.indices.astype(np.int32), matrix.indptr.astype(np.int64), matrix.shape
    )
    check_canonical(block)
    return block


def sparse_rows(n_rows: int, n_columns: int, dtype: str, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    kept = rng.random((n_rows, n_columns)) < 0.2
    return (rng.standard_normal((n_rows, n_columns)) * kept).astype(dtype)


def summed_in_order(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """matrix @ right, one entry after the other in the type of ``right``."""
    out = np.zeros((matrix.shape[0], right.shape[1]), right.dtype)
    for row, column in zip(*np.nonzero(matrix), strict=True):
        out[row] += matrix[row, column].astype(right.dtype) * right[column]
    return out


@pytest.mark.parametrize("of_data", ["float32", "float64"])
@pytest.mark.parametrize("of_dense", ["float32", "float64"])
@pytest.mark.parametrize("width", [0, 1, 7, 64])
def test_sums_have_the_order_of_the_entries(of_data, of_dense, width):
    dense = sparse_rows(70, 40, of_data)
    rng = np.random.default_rng(1)
    right = rng.standard_normal((40, width)).astype(of_dense)
    left = rng.standard_normal((70, width)).astype(of_dense)
    block = block_of(dense)
    times = csr_products.times(block, right)
    assert times.dtype == of_dense
    assert np.array_equal(times, summed_in_order(dense, right))
    by_row = np.zeros((40, width), of_dense)
    for row, column in zip(*np.nonzero(dense), strict=True):
        by_row[column] += dense[row, column].astype(of_dense) * left[row]
    assert np.array_equal(csr_products.transposed_times(block, left), by_row)
    assert np.array_equal(
        csr_products.gram_times(block, right), csr_products.transposed_times(block, times)
    )


def test_runs_of_rows_change_no_bit(monkeypatch):
    dense = sparse_rows(csr_products.ROWS_AT_ONCE + 50, 9, "float32")
    right = np.random.default_rng(0).standard_normal((9, 3)).astype(np.float32)
    block = block_of(dense)
    apart = csr_products.transposed_times(block, csr_products.times(block, right))
    assert np.array_equal(csr_products.gram_times(block, right), apart)


@given(n_rows=st.integers(0, 20), n_columns=st.integers(1, 20), seed=st.integers(0, 2**16))
def test_equals_the_dense_product(n_rows, n_columns, seed):
    dense = sparse_rows(n_rows, n_columns, "float64", seed)
    right = np.random.default_rng(seed).standard_normal((n_columns, 5))
    block = block_of(dense)
    assert np.allclose(csr_products.times(block, right), dense @ right)
    assert np.allclose(csr_products.gram_times(block, right), dense.T @ (dense @ right))


def test_columns_of_a_wider_array_are_taken_in_one_piece():
    dense = sparse_rows(30, 10, "float32")
    wide = np.random.default_rng(0).standard_normal((10, 8)).astype(np.float32)
    block = block_of(dense)
    assert np.array_equal(
        csr_products.times(block, wide[:, 2:5]), csr_products.times(block, wide)[:, 2:5]
    )


@pytest.mark.parametrize("product", ["times", "gram_times", "transposed_times"])
@pytest.mark.parametrize("shape", [(9, 2), (11, 2), (10,)])
def test_arrays_of_another_height_never_reach_compiled_code(product, shape):
    with pytest.raises(ValueError, match="does not have 10 rows"):
        getattr(csr_products, product)(block_of(np.eye(10)), np.ones(shape))
