"""The device that is stood in for: memory, counts, calls, workers, results as of NumPy."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from distributed import Client, LocalCluster
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strict.installing import strict_environment, strict_packages

SAME = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MATRICES = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64]),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.integers(-5, 5),
)


@pytest.fixture
def device():
    with strict_packages() as module:
        yield module


@given(x=MATRICES, kth=st.integers(0, 8), axis=st.sampled_from([0, 1]))
@SAME
def test_what_is_allowed_gives_what_numpy_gives(device, x, kth, axis):
    import cupy as cp

    y, kth = cp.asarray(x), kth % x.shape[axis]
    pairs = [
        (np.sort(x, axis=axis), cp.sort(y, axis=axis)),
        (np.argsort(x, axis=axis, kind="stable"), y.argsort(axis=axis)),
        (np.argsort(x, axis=axis, kind="stable"), cp.argpartition(y, kth, axis=axis)),
        (np.lexsort(x), cp.lexsort(y)),
        (np.cumsum(x, axis=axis), cp.cumsum(y, axis=axis)),
        (x.sum(axis=axis), y.sum(axis=axis)),
        (x.T @ x, y.T @ y),
        (np.where(x > 1, x, -1), cp.where(y > 1, y, -1)),
        (x[x > 0], y[y > 0]),
        (np.flatnonzero(x), cp.flatnonzero(y)),
        (np.partition(x, kth, axis).take(kth, axis), cp.partition(y, kth, axis).take(kth, axis)),
        (np.take_along_axis(x, np.argpartition(x, kth, axis), axis).take(kth, axis),
         cp.take_along_axis(y, cp.argpartition(y, kth, axis), axis).take(kth, axis)),
    ]  # fmt: skip
    pairs += list(
        zip(np.unique(x, return_inverse=True), cp.unique(y, return_inverse=True), strict=True)
    )
    for expected, got in pairs:
        assert got.dtype == expected.dtype
        assert np.array_equal(got.get(), expected)


@given(seed=st.integers(0, 99), n_rows=st.integers(1, 12), n_columns=st.integers(1, 12))
@SAME
def test_products_of_csr_equal_scipy(device, seed, n_rows, n_columns):
    import cupy as cp
    from cupyx.scipy.sparse import csr_matrix

    host = sp.random(n_rows, n_columns, 0.4, "csr", dtype=np.float32, random_state=seed)
    matrix = csr_matrix(
        tuple(cp.asarray(a) for a in (host.data, host.indices, host.indptr)), shape=host.shape
    )
    dense = np.random.default_rng(seed).standard_normal((n_columns, 3)).astype(np.float32)
    forward = matrix @ cp.asarray(dense)
    assert np.allclose(forward.get(), host @ dense, rtol=1e-5, atol=1e-6)
    assert np.allclose((matrix.T @ forward).get(), host.T @ (host @ dense), rtol=1e-4, atol=1e-5)
    assert np.array_equal(matrix[1:3].toarray().get(), host[1:3].toarray())


def test_truncated_svd_and_search_equal_numpy(device):
    import cupy as cp
    from cuml import TruncatedSVD
    from cuvs.neighbors import brute_force

    rows = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)
    model = TruncatedSVD(n_components=3).fit(cp.asarray(rows))
    assert np.allclose(model.singular_values_.get(), np.linalg.svd(rows)[1][:3], rtol=1e-4)
    index = brute_force.build(cp.asarray(rows), metric="inner_product")
    places = cp.asarray(brute_force.search(index, cp.asarray(rows), 4)[1]).get()
    assert np.array_equal(places, np.argsort(-(rows @ rows.T), axis=1)[:, :4])


def test_each_direction_is_counted(device):
    import pickle

    import cudf
    import cupy as cp
    import pyarrow as pa

    x = cp.asarray(np.ones(10))
    pickle.loads(pickle.dumps(x))
    assert (float(x.sum()), bool(x[0] == 1), x.get().size) == (10.0, True, 10)
    assert device.counts() == device.Counts(
        to_device=1, to_device_bytes=80, to_host=1, to_host_bytes=80, peer=1, peer_bytes=80, syncs=2
    )
    device.reset()
    cudf.Series.from_arrow(pa.array([1, 2], pa.int64())).to_arrow()
    assert (device.counts().to_device, device.counts().to_host) == (1, 1)


def test_memory_is_what_lives_and_ends_at_the_budget():
    with strict_packages(budget=10**6) as device:
        import cupy as cp

        x = cp.zeros(100_000 // 8)
        view = x[10:].reshape(-1, 2)
        assert device.memory().live == 100_352  # a multiple of 512; the view costs nothing
        del x
        assert device.memory().live == 100_352
        del view
        assert device.memory()[:2] == (0, 100_352)
        assert cp.cuda.runtime.memGetInfo() == (10**6, 10**6)
        with pytest.raises(cp.cuda.memory.OutOfMemoryError, match="limit set to: 1,000,000"):
            cp.ones(500_000 // 8) + cp.ones(500_000 // 8)
        assert device.memory().live == 0


def test_rmm_counts_what_is_allocated_through_it(device):
    import cupy as cp
    from rmm import statistics
    from rmm.allocators.cupy import rmm_cupy_allocator

    assert statistics.get_statistics() is None
    before = cp.zeros(1024 // 8)
    statistics.enable_statistics()
    ignored = cp.zeros(1024 // 8)  # cupy's own pool still has it
    cp.cuda.set_allocator(rmm_cupy_allocator)
    statistics.push_statistics()
    kept = cp.zeros(2048 // 8)
    del before, ignored
    found = statistics.pop_statistics()
    assert (found.peak_bytes, found.current_bytes, found.total_count) == (2048, 2048, 1)
    assert statistics.get_statistics().peak_bytes == kept.nbytes


def test_frames_that_share_memory_count_once():
    import pyarrow as pa

    with strict_packages() as device:
        import cudf

        frame = cudf.DataFrame.from_arrow(pa.table({"a": np.arange(10_000)}))
        once = device.memory().live
        column = frame["a"]
        assert once == device.memory().live == 80_384
        del frame, column
        assert device.memory().live == 0


def test_a_machine_without_a_gpu():
    with strict_packages(devices=0):
        import cupy as cp

        assert not cp.cuda.is_available()
        with pytest.raises(cp.cuda.runtime.CUDARuntimeError, match="no CUDA-capable device"):
            cp.zeros(3)


def test_nothing_stays_behind():
    with strict_packages():
        import cupy

        assert "site/cupy" in cupy.__file__.replace(os.sep, "/")
    left = [name for name in sys.modules if name.partition(".")[0] in ("cupy", "strict_device")]
    assert not left
    assert not [path for path in sys.path if path.endswith("strict/site")]


def test_a_second_block_has_a_backend_of_its_own():
    from cfdist.backends import get_backend

    for _ in range(2):
        with strict_packages() as device:
            backend = get_backend("gpu")
            assert backend.to_host(backend.to_device(np.arange(3))).tolist() == [0, 1, 2]
            assert device.counts()[:4] == (1, 24, 1, 24)


def test_a_search_takes_a_tile_of_memory(device):
    import cupy as cp
    from cuvs.neighbors import brute_force

    rows = cp.ones((1000, 8), "f4")
    index = brute_force.build(rows, metric="inner_product")
    device.reset()
    brute_force.search(index, rows, 2)
    assert device.memory().peak == rows.nbytes + 256 + 512 * 1000 * 4  # in blocks of 512 bytes


def test_a_process_leaves_the_shapes_of_its_calls(tmp_path):
    environment = {**os.environ, **strict_environment(calls=tmp_path)}
    code = "import cupy; cupy.argsort(cupy.asarray([2, 1]), axis=0).sum()"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    (path,) = tmp_path.glob("calls-*.json")
    assert json.loads(path.read_text()) == [
        ["cupy.argsort", 1, ["axis"]], ["cupy.asarray", 1, []], ["cupy.ndarray.sum", 0, []],
    ]  # fmt: skip


def _made(n):
    import cupy

    return {"rows": (cupy.arange(n), "text")}


def _summed(*parts):
    import strict_device

    return int(sum(part["rows"][0].sum() for part in parts)), strict_device.counts().to_host


def test_arrays_travel_between_workers_without_the_host():
    with (
        strict_packages(),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        made = [client.submit(_made, 4 + n, workers=n, pure=False) for n in (0, 1)]
        assert client.submit(_summed, *made).result(timeout=60) == (6 + 10, 0)
