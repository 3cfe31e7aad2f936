"""The factorization with its tall arrays on the device."""

import numpy as np
import pytest
import scipy.sparse as sp

from cfdist.algorithms import krylov
from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.tall import HOST, svd_of_product
from cfdist.backends import get_backend

K = 12


@pytest.fixture
def block():
    rng = np.random.default_rng(3)
    popular = rng.zipf(1.6, 60_000) % 400
    users = rng.integers(0, 3000, 60_000)
    matrix = sp.csr_matrix((np.ones(60_000, np.float32), (users, popular)), shape=(3000, 400))
    matrix.sum_duplicates()
    return CsrBlock(
        np.log1p(matrix.data), matrix.indices.astype(np.int32),
        matrix.indptr.astype(np.int64), matrix.shape,
    )  # fmt: skip


def factors(backend, block, dtype="float32", passes=8, max_columns=512):
    block = backend.to_device(block)
    state = backend.to_device(krylov.start(block.shape[1], 16, 0, dtype))
    operator = backend.csr(block, dtype)
    for _ in range(passes):
        image = operator.gram_times(state.block)
        state = krylov.extend(state, image, max_columns, backend)
    return backend.to_host(krylov.finish(state, K, dtype, backend))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_device_agrees_with_the_host(gpu, block, dtype):
    expected = factors(get_backend("cpu"), block, dtype)
    found = factors(gpu, block, dtype)
    assert np.allclose(found.singular_values, expected.singular_values, rtol=1e-5)
    assert np.allclose(np.abs(found.item_factors), np.abs(expected.item_factors), atol=2e-3)
    exact = np.linalg.svd(block.to_scipy().toarray().astype(np.float64), compute_uv=False)[:K]
    assert np.allclose(found.singular_values, exact, rtol=1e-4)


def test_a_restart_on_the_device(gpu, block):
    found = factors(gpu, block, max_columns=64, passes=10)
    exact = np.linalg.svd(block.to_scipy().toarray().astype(np.float64), compute_uv=False)[:K]
    assert np.allclose(found.singular_values, exact, rtol=1e-3)


def test_only_small_arrays_come_back(gpu, block, device):
    block = gpu.to_device(block)
    state = gpu.to_device(krylov.start(block.shape[1], 16, 0))
    operator = gpu.csr(block, np.float32)
    state = krylov.extend(state, operator.gram_times(state.block), 512, gpu)
    device.reset()
    state = krylov.extend(state, operator.gram_times(state.block), 512, gpu)
    tall = 400 * 16 * 4
    assert isinstance(state.projected, np.ndarray)
    assert device.counts().to_host <= 6
    assert device.counts().to_host_bytes < tall


def test_few_users_by_their_gram_matrix(gpu, block):
    few = block._replace(
        indptr=block.indptr[:101], shape=(100, 400),
        indices=block.indices[: block.indptr[100]], data=block.data[: block.indptr[100]],
    )  # fmt: skip
    cpu = get_backend("cpu")
    expected = krylov.decompose_user_gram(cpu.csr(few, np.float64), K)
    operator = gpu.csr(gpu.to_device(few), np.float64)
    found = gpu.to_host(krylov.decompose_user_gram(operator, K, device=gpu))
    assert np.allclose(found.singular_values, expected.singular_values)
    assert np.allclose(found.item_factors, expected.item_factors, atol=1e-4)


def test_the_end_by_cuml_equals_that_of_numpy(gpu):
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        tall, small = rng.standard_normal((500, 30)).astype(dtype), rng.standard_normal((30, 20))
        expected, vectors = svd_of_product(tall, small, 5)
        values, found = gpu.truncated_svd(gpu.to_device(tall), small, 5)
        assert np.allclose(values, expected)
        assert np.allclose(np.abs(found.T @ vectors), np.eye(5), atol=1e-6)
        host_values, _ = HOST.truncated_svd(tall, small, 5)
        assert np.array_equal(host_values, expected)
