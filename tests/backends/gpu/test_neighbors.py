"""The search on a device is the CPU's: index for index, bit for bit over the same unit rows."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strict.installing import strict_packages

from cfdist.algorithms.exact_neighbors import dot64, slacks, unit_rows
from cfdist.backends import cpu_neighbors, get_backend
from cfdist.backends import tiles as sizes
from cfdist.errors import DeviceError


def drawn(n_rows, n_components, seed=0):
    return np.random.default_rng(seed).standard_normal((n_rows, n_components))


def clustered(n_rows, n_components, spread, n_clusters):
    centres = drawn(n_clusters, n_components, 1)
    rows = centres[np.random.default_rng(2).integers(0, n_clusters, n_rows)]
    return rows + spread * drawn(n_rows, n_components, 3)


def with_zeros(rows):
    rows = rows.copy()
    rows[::7] = 0
    return rows


ROWS = {
    "random": drawn(400, 16),
    "one component": drawn(200, 1),
    "three components": drawn(300, 3),
    "many components": drawn(150, 130),
    "clustered": clustered(500, 12, 0.1, 20),
    "tight clusters": clustered(400, 20, 1e-4, 3),
    "repeated directions": np.repeat(drawn(12, 5), 25, axis=0),
    "shuffled repeats": drawn(30, 6)[np.random.default_rng(4).integers(0, 30, 500)],
    "small integers": np.random.default_rng(1).integers(-1, 2, (300, 3)).astype(float),
    "zero rows": with_zeros(drawn(300, 8)),
    "all identical": np.tile([[0.6, -0.3, 0.2]], (400, 1)),
    "one row": drawn(1, 4),
    "two rows": drawn(2, 4),
    "only zero rows": np.zeros((5, 3)),
}


def index_of(module, backend, units, family, k, first=0, n_slices=3):
    """What the stage does: rows assigned in slices, then arranged."""
    units, family = backend.to_device((units, family))
    centres = module.centroids(units)
    bounds = np.linspace(0, len(units), n_slices + 1).astype(int).tolist()
    parts = [module.assign(units[a:b], centres) for a, b in pairwise(bounds)]
    joined = [backend.xp.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    return module.arrange(units, family, joined, centres, k, first)


def lists_of(backend, units, k, family=None, n_shards=1, n_runs=2):
    """Lists of all rows, in their order; shards and runs as the stage cuts them."""
    module = backend.neighbors
    family = np.arange(len(units)) if family is None else family
    runs = np.array_split(np.arange(len(units)), n_shards)
    shards = [
        index_of(module, backend, units[run], family[run], k, int(run[0]) if len(run) else 0)
        for run in runs
    ]
    ids = np.full((len(units), k), -1)
    scores = np.zeros((len(units), k), np.float32)
    for shard in shards:
        n_tiles = module.n_tiles(shard)
        cuts = np.linspace(0, n_tiles, min(n_runs, max(1, n_tiles)) + 1).astype(int).tolist()
        for run in pairwise(cuts):
            asked = run if n_shards == 1 else module.queries(shard, *run)
            found = [module.search(other, asked, k) for other in shards]
            merged = found[0] if n_shards == 1 else module.merge(*found)
            queries, its_ids, its_scores, _ = backend.to_host(merged)
            ids[queries] = its_ids
            scores[queries] = np.where(its_ids >= 0, its_scores, 0)
    return ids, scores


def assert_as_on_the_cpu(gpu, units, k, family=None, n_shards=1):
    ids, scores = lists_of(gpu, units, k, family, n_shards)
    true_ids, true_scores = lists_of(get_backend("cpu"), units, k, family)
    np.testing.assert_array_equal(scores, true_scores)
    np.testing.assert_array_equal(ids, true_ids)


@pytest.mark.parametrize("n_shards", [1, 3])
@pytest.mark.parametrize("k", [1, 20])
@pytest.mark.parametrize("name", ROWS)
def test_lists_are_those_of_the_cpu(gpu, name, k, n_shards):
    assert_as_on_the_cpu(gpu, unit_rows(ROWS[name]), k, n_shards=n_shards)


@pytest.mark.parametrize("n_shards", [1, 2])
@pytest.mark.parametrize("name", ["random", "repeated directions", "all identical", "zero rows"])
def test_families_are_left_out(gpu, name, n_shards):
    units = unit_rows(ROWS[name])
    family = np.random.default_rng(5).integers(0, 9, len(units))
    assert_as_on_the_cpu(gpu, units, 7, family, n_shards)
    ids, _ = lists_of(gpu, units, 7, family, n_shards)
    rows, places = np.nonzero(ids >= 0)
    assert len(rows)
    assert (family[ids[rows, places]] != family[rows]).all()


def test_a_list_longer_than_the_table_ends_in_none(gpu):
    ids, scores = lists_of(gpu, unit_rows(drawn(5, 3)), 50)
    assert (ids[:, :4] >= 0).all()
    assert (ids[:, 4:] == -1).all()
    assert not scores[:, 4:].any()


def test_a_list_longer_than_the_index_is_for_is_refused(gpu):
    module = gpu.neighbors
    index = index_of(module, gpu, unit_rows(drawn(50, 3)), np.arange(50), 5)
    with pytest.raises(ValueError, match="lists of 6 from an index for lists of 5"):
        module.search(index, (0, 1), 6)


def test_many_equal_rows_cost_no_more_than_a_few(gpu, monkeypatch):
    """Of 4,000 equal rows forty are looked at, and no search is longer than that."""
    from cfdist.backends.gpu import neighbors

    asked, nearest = [], neighbors._nearest

    def counted(rows, queries, length):
        asked.append((len(rows), length))
        return nearest(rows, queries, length)

    monkeypatch.setattr(neighbors, "_nearest", counted)
    units = unit_rows(np.tile(drawn(1, 4), (4_000, 1)))
    ids, scores = lists_of(gpu, units, 20)
    assert {n_rows for n_rows, _ in asked} == {40}
    assert ids[0].tolist() == list(range(1, 21))
    assert ids[3_999].tolist() == list(range(20))
    assert scores == pytest.approx(1, abs=1e-6)


def test_an_unsettled_list_asks_for_more(gpu, monkeypatch):
    """Rows that products cannot tell apart: the search goes on until all of them have come."""
    from cfdist.backends.gpu import neighbors

    lengths, nearest = [], neighbors._nearest

    def counted(rows, queries, length):
        lengths.append(length)
        return nearest(rows, queries, length)

    monkeypatch.setattr(neighbors, "_nearest", counted)
    units = unit_rows(clustered(600, 20, 1e-4, 3))
    assert_as_on_the_cpu(gpu, units, 5)
    assert lengths[0] == 5 + sizes.RESCORED
    assert max(lengths) > 200
    assert all(b in (a, 2 * a, 600) for a, b in pairwise(lengths))


def test_products_that_are_not_float32_are_refused(gpu, monkeypatch):
    from cfdist.backends.gpu import neighbors

    nearest = neighbors._nearest

    def coarse(rows, queries, length):
        products, positions = nearest(rows, queries, length)
        return products.astype("float16").astype("float32"), positions

    monkeypatch.setattr(neighbors, "_nearest", coarse)
    with pytest.raises(DeviceError, match="a product of cuVS is off by"):
        lists_of(gpu, unit_rows(drawn(100, 8)), 5)


@pytest.mark.parametrize("n_components", [1, 2, 3, 4, 5, 7, 8, 50, 131])
@pytest.mark.parametrize("tile_bytes", [1, 5_000, 2**26])
def test_scores_have_the_bits_of_the_cpu(gpu, n_components, tile_bytes):
    from cfdist.backends.gpu import settling

    units = unit_rows(drawn(40, n_components))
    positions = np.random.default_rng(0).integers(0, 40, (11, 6))
    found = settling.cosines_at(*gpu.to_device((units, units[:11], positions)), tile_bytes)
    true = [[dot64(units[i], units[j]) for j in row] for i, row in enumerate(positions)]
    np.testing.assert_array_equal(gpu.to_host(found), np.array(true, np.float32))


def test_nothing_leaves_the_device(gpu, device):
    module = gpu.neighbors
    index = index_of(module, gpu, unit_rows(drawn(300, 8)), np.arange(300), 5)
    device.reset()
    module.merge(module.search(index, (0, 1), 5))
    counts = device.counts()
    assert counts.to_host == counts.to_device == 0


@pytest.mark.parametrize("n_components", [16, 128])
@pytest.mark.parametrize("rows", [unit_rows, lambda rows: unit_rows(1 + 1e-4 * rows)])
def test_a_search_keeps_to_its_share_of_the_memory(rows, n_components):
    """Also where every list asks for more, and candidates become as many as rows."""
    budget = 24 * 2**20
    with strict_packages(budget=budget) as device:
        get_backend.cache_clear()
        gpu = get_backend("gpu")
        units = rows(drawn(3_000, n_components))
        index = index_of(gpu.neighbors, gpu, units, np.arange(len(units)), 20)
        asked = gpu.neighbors.queries(index, 0, 1)
        outputs = 3 * 12 * 20 * len(asked.rows) + asked.rows.nbytes
        device.reset()
        before = device.memory().live
        gpu.neighbors.search(index, asked, 20)
        taken = device.memory().peak - before
    get_backend.cache_clear()
    assert 0.3 * sizes.search_share(budget) < taken <= sizes.search_share(budget) + outputs


def test_an_index_that_fills_a_device_is_cut():
    n_rows, n_components = 100_000, 64
    whole = sizes.search_index_bytes(n_rows, n_components)
    assert sizes.index_shards(n_rows, n_components, 4 * whole) == 1
    assert sizes.index_shards(n_rows, n_components, 4 * whole - 4) == 2
    assert sizes.index_shards(0, n_components, 0) == 1
    assert cpu_neighbors.n_shards(n_rows, n_components, 1) == 1


@pytest.mark.parametrize("n_rows", [10, 10_000, 10**7])
@pytest.mark.parametrize("length", [1, 60, 5_000])
def test_a_batch_takes_what_it_may(n_rows, length):
    length = min(length, n_rows)
    for n_bytes in (2**20, 2**28, 2**31):
        rows = sizes.search_rows(n_rows, 64, length, n_bytes)
        taken = sizes.search_bytes(rows, n_rows, length) + rows * (
            4 * 64 + (sizes.FOUND_BYTES - 12) * length
        )
        assert rows == 1 or taken <= n_bytes


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_table_any_shards(data):
    n_rows = data.draw(st.integers(1, 60), "rows")
    n_components = data.draw(st.integers(1, 6), "components")
    few = data.draw(st.integers(1, 12), "distinct")
    k = data.draw(st.integers(1, 12), "k")
    seed = data.draw(st.integers(0, 2**16), "seed")
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (few, n_components)).astype(float)[rng.integers(0, few, n_rows)]
    rows += data.draw(st.sampled_from([0, 1e-7, 1e-3]), "spread") * rng.standard_normal(rows.shape)
    family = rng.integers(0, data.draw(st.integers(1, n_rows), "families"), n_rows)
    n_shards = data.draw(st.integers(1, min(4, n_rows)), "shards")
    with strict_packages(seed=seed):
        get_backend.cache_clear()
        assert_as_on_the_cpu(get_backend("gpu"), unit_rows(rows), k, family, n_shards)
    get_backend.cache_clear()


def test_the_slack_of_scores_covers_float32():
    """What a list that is called settled stands on."""
    for n_components in (4, 64, 300):
        units = unit_rows(drawn(300, n_components))
        exact = units.astype(np.float64) @ units.T.astype(np.float64)
        assert np.abs(units @ units.T - exact).max() < slacks(n_components)[0]
