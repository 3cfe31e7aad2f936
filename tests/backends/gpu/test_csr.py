"""Products on the device equal those of the CPU."""

import numpy as np
import pytest
import scipy.sparse as sp

from cfdist.algorithms.csr import CsrBlock, empty_rows, stack, take_rows
from cfdist.backends import get_backend


def block_of(n_rows: int, n_columns: int, density: float, seed: int = 0) -> CsrBlock:
    matrix = sp.random(n_rows, n_columns, density, "csr", np.float32, rng=seed)
    matrix.sort_indices()
    return CsrBlock(
        matrix.data, matrix.indices.astype(np.int32), matrix.indptr.astype(np.int64), matrix.shape
    )


@pytest.fixture
def both(gpu):
    block = block_of(300, 40, 0.2)
    return block, gpu.to_device(block)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["times", "transposed_times", "gram_times"])
def test_products(gpu, both, name, dtype):
    host, device = both
    n_rows = {"times": 40, "transposed_times": 300, "gram_times": 40}[name]
    dense = np.random.default_rng(1).standard_normal((n_rows, 8)).astype(dtype)
    expected = getattr(get_backend("cpu").csr(host, dtype), name)(dense)
    found = gpu.to_host(getattr(gpu.csr(device, dtype), name)(gpu.to_device(dense)))
    assert found.dtype == expected.dtype
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["gram", "user_gram"])
def test_gram_matrices_are_on_the_host(gpu, both, name):
    host, device = both
    expected = getattr(get_backend("cpu").csr(host, np.float64), name)()
    found = getattr(gpu.csr(device, np.float64), name)()
    assert isinstance(found, np.ndarray)
    assert np.allclose(found, expected)


@pytest.mark.parametrize("name", ["gram", "user_gram", "gram_times"])
def test_runs_of_rows_add_up(gpu, both, name, monkeypatch):
    from cfdist.backends.gpu import csr

    _, device = both
    dense = [gpu.to_device(np.ones((40, 3), np.float64))] if name == "gram_times" else []
    whole = gpu.to_host(getattr(gpu.csr(device, np.float64), name)(*dense))
    monkeypatch.setattr(csr, "PRODUCT_BYTES", 40 * 8 * 7)
    in_runs = gpu.to_host(getattr(gpu.csr(device, np.float64), name)(*dense))
    assert np.allclose(whole, in_runs)


def test_a_block_that_is_not_canonical_is_refused(gpu, both):
    _, device = both
    wrong = device._replace(indices=device.indices + 40)
    with pytest.raises(ValueError, match="outside"):
        gpu.csr(wrong, np.float32)


def test_blocks_are_cut_and_joined_on_the_device(gpu, both, device):
    host, block = both
    device.reset()
    rows = gpu.to_device(np.array([5, 0, 299]))
    joined = stack([take_rows(block, rows), block, empty_rows((2, 40), block.data)])
    assert device.counts().to_host == 0
    wanted = np.vstack([host.to_scipy().toarray()[[5, 0, 299]], host.to_scipy().toarray()])
    found = gpu.to_host(joined)
    assert np.array_equal(found.to_scipy().toarray()[:-2], wanted)
    assert found.shape == (305, 40)
