import numpy as np
import pytest
import scipy.sparse as sp

from cfdist.algorithms.csr import CsrBlock
from cfdist.backends import get_backend
from cfdist.errors import ConfigError


def block_of(matrix: sp.csr_matrix) -> CsrBlock:
    return CsrBlock(
        matrix.data.astype(np.float32),
        matrix.indices.astype(np.int32),
        matrix.indptr.astype(np.int64),
        matrix.shape,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products(dtype):
    matrix = sp.random(50, 30, density=0.2, random_state=0, format="csr", dtype=np.float32)
    dense = matrix.toarray().astype(np.float64)
    operator = get_backend("cpu").csr(block_of(matrix), dtype)
    right = np.random.default_rng(0).standard_normal((30, 4)).astype(dtype)
    left = np.random.default_rng(1).standard_normal((50, 4)).astype(dtype)
    assert operator.times(right).dtype == dtype
    assert np.allclose(operator.times(right), dense @ right, atol=1e-5)
    assert np.allclose(operator.transposed_times(left), dense.T @ left, atol=1e-5)
    assert np.allclose(operator.gram_times(right), dense.T @ (dense @ right), atol=1e-4)
    assert np.allclose(operator.gram(), dense.T @ dense, atol=1e-6)


def test_a_bad_index_never_reaches_a_kernel():
    matrix = sp.identity(3, format="csr", dtype=np.float32)
    block = block_of(matrix)._replace(indices=np.array([0, 1, 99], dtype=np.int32))
    with pytest.raises(ValueError, match="99"):
        get_backend("cpu").csr(block, np.float32)


def test_unknown_backend():
    with pytest.raises(ConfigError, match="tpu"):
        get_backend("tpu")
