"""Lists and pairs by the device's functions, on the strict stand-ins, against the CPU's."""

import numpy as np
import pytest
from small_matrices import block_of
from strict.installing import strict_packages

from cfdist.algorithms import pairs as host_pairs
from cfdist.algorithms import scoring as host
from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.lists import Blocked, Lists, Ranking
from cfdist.backends import get_backend, tiles

N_ROWS, N_OTHERS, N_ARTICLES, N = 60, 25, 90, 12


@pytest.fixture
def device():
    get_backend.cache_clear()
    with strict_packages() as device:
        yield device
    get_backend.cache_clear()


@pytest.fixture(params=[2**30, 9000], ids=["one tile", "many tiles"])
def tile_bytes(request, monkeypatch):
    """Tiles of all rows, and of a few; an expansion in one run, and in many."""
    height = max(1, request.param // (tiles.SCORE_BYTES * N_ARTICLES))
    monkeypatch.setattr(tiles, "score_tile_rows", lambda n: height)
    monkeypatch.setattr(tiles, "latent_tile_rows", lambda n, k, c: height)
    monkeypatch.setattr(tiles, "expansion_entries", lambda: max(1, request.param // 100))
    return request.param


class Case:
    """Random tables; a third of the articles owned, two denied, some lists begun."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.owned_dense = rng.random((N_ROWS, N_ARTICLES)) < 0.3
        self.owned_dense[3] = True  # owns everything
        self.denied = np.array([4, 77])
        weights = rng.random((N_ROWS, N_OTHERS)) * (rng.random((N_ROWS, N_OTHERS)) < 0.3) - 0.1
        table = rng.random((N_OTHERS, N_ARTICLES)) * (rng.random((N_OTHERS, N_ARTICLES)) < 0.2)
        self.weights, self.table = block_of(weights), block_of(table - 0.05 * (table > 0))
        self.blocked = Blocked(block_of(self.owned_dense.astype(float)), self.denied)
        self.users = rng.standard_normal((N_ROWS, 7)).astype(np.float32)
        self.items = rng.standard_normal((N_ARTICLES, 7)).astype(np.float32)
        self.items[50:60] = self.items[10:20]  # equal scores: the lower index comes first
        self.ranking = Ranking(
            rng.permutation(N_ARTICLES).astype(np.int64), -np.arange(N_ARTICLES, dtype=np.float32)
        )
        self.scores = block_of(rng.standard_normal((N_ROWS, N_ARTICLES)).round(1))
        self.rng = rng

    def begun(self) -> Lists:
        """Lists of which some have entries: none, a few, all."""
        lists = Lists.empty(N_ROWS, N)
        for row in range(N_ROWS):
            free = np.flatnonzero(~self.owned_dense[row])
            free = free[~np.isin(free, self.denied)][: (0, 3, N)[row % 3]]
            chosen = np.random.default_rng(row).permutation(free)
            lists.articles[row, : len(chosen)] = chosen
            lists.scores[row, : len(chosen)] = 5
            lists.sources[row, : len(chosen)] = 9
        return lists


def dense_tile(case: Case) -> np.ndarray:
    tile = (case.users @ case.items.T).round(1)
    tile[0, :40], tile[1, 5:20] = np.nan, -np.inf
    return tile.astype(np.float32)


FILLS = {
    "through": ("fill_through", lambda case: (case.weights, case.table, case.blocked)),
    "latent": ("fill_latent", lambda case: (case.users, case.items, case.blocked)),
    "dense": ("fill_dense", lambda case: (dense_tile(case), 0, case.blocked)),
    "sparse": ("fill_sparse", lambda case: (case.scores, case.blocked)),
    "ranked": ("fill_ranked", lambda case: (*case.ranking, case.blocked)),
}


def copy_of(lists: Lists) -> Lists:
    return Lists(*(array.copy() for array in lists))


def fill_both(name: str, case: Case, lists: Lists) -> tuple[Lists, Lists]:
    """The same lists filled by the CPU and by the device."""
    function, arguments = FILLS[name]
    expected, found = copy_of(lists), copy_of(lists)
    getattr(host, function)(expected, *arguments(case), 1)
    backend = get_backend("gpu")
    given = arguments(case)
    if name != "ranked":
        given = backend.to_device(given)
    else:
        given = (*given[:2], backend.to_device(given[2]))
    getattr(backend.scoring, function)(found, *given, 1)
    return found, expected


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize("seed", range(3))
def test_lists_are_those_of_the_cpu(device, tile_bytes, name, begun, seed):
    case = Case(seed)
    lists = case.begun() if begun else Lists.empty(N_ROWS, N)
    found, expected = fill_both(name, case, lists)
    np.testing.assert_array_equal(found.articles, expected.articles)
    np.testing.assert_array_equal(found.sources, expected.sources)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=3e-7, atol=1e-6)


@pytest.mark.parametrize("name", FILLS)
def test_never_owned_never_denied_never_twice_in_order(device, tile_bytes, name):
    case = Case(5)
    found, _ = fill_both(name, case, case.begun())
    for row in range(N_ROWS):
        listed = found.articles[row][found.articles[row] >= 0]
        assert len(set(listed.tolist())) == len(listed)
        assert not case.owned_dense[row, listed].any()
        assert not np.isin(listed, case.denied).any()
        new = found.sources[row] == 1
        ranks = list(zip(-found.scores[row, new], found.articles[row, new], strict=True))
        assert ranks == sorted(ranks)
        if name in ("latent", "ranked"):
            possible = np.count_nonzero(~case.owned_dense[row])
            possible -= np.count_nonzero(~case.owned_dense[row, case.denied])
            assert len(listed) == min(N, possible)


def test_lists_longer_than_the_catalogue(device):
    case = Case()
    for name in FILLS:
        found, expected = fill_both(name, case, Lists.empty(N_ROWS, N_ARTICLES + 5))
        np.testing.assert_array_equal(found.articles, expected.articles)


def test_rows_from_the_first_on(device):
    case, lists = Case(), Lists.empty(N_ROWS, N)
    expected, backend, tile = copy_of(lists), get_backend("gpu"), dense_tile(case)[:20]
    host.fill_dense(expected, tile, 30, case.blocked, 1)
    given = backend.to_device((tile, 30, case.blocked))
    backend.scoring.fill_dense(lists, *given, 1)
    np.testing.assert_array_equal(lists.articles, expected.articles)
    assert (lists.articles[:30] == -1).all()


def test_means_are_those_of_the_cpu(device, tile_bytes):
    case, backend = Case(), get_backend("gpu")
    found = backend.to_host(
        backend.scoring.mean_through(*backend.to_device((case.weights, case.table)))
    )
    np.testing.assert_allclose(found, host.mean_through(case.weights, case.table), rtol=3e-7)
    assert found.dtype == np.float32


@pytest.mark.parametrize("min_count", [1, 3])
@pytest.mark.parametrize("n", [5, 200])
def test_pairs_are_counted_exactly(device, tile_bytes, n, min_count):
    rng = np.random.default_rng(n)
    baskets = block_of((rng.random((150, N_ARTICLES)) < 0.2 * rng.random(N_ARTICLES)).astype(float))
    by_article, articles = host_pairs.transpose(baskets), range(11, 83)
    asked = rng.integers(-1, N_ARTICLES, (len(articles), 6))
    expected = host_pairs.count_pairs(articles, by_article, baskets, asked, n, min_count)
    backend = get_backend("gpu")
    turned, *on_device = backend.to_device((by_article, baskets, asked))
    found = backend.scoring.count_pairs(articles, turned, *on_device, n, min_count)
    for name in expected._fields:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
        assert getattr(found, name).dtype == np.int64


@pytest.mark.parametrize(("name", "n_up", "n_down"), [("through", 1, 1), ("latent", 1, 1)])
def test_one_array_per_tile_comes_back(device, name, n_up, n_down):
    case, backend = Case(), get_backend("gpu")
    function, arguments = FILLS[name]
    given = backend.to_device(arguments(case))
    device.reset()
    getattr(backend.scoring, function)(Lists.empty(N_ROWS, N), *given, 1)
    assert (device.counts().to_device, device.counts().to_host) == (n_up, n_down)


def test_full_lists_cost_nothing(device):
    case, backend = Case(), get_backend("gpu")
    full = Lists(*(np.ones_like(array) for array in Lists.empty(N_ROWS, N)))
    for name, (function, arguments) in FILLS.items():
        given = backend.to_device(arguments(case))
        device.reset()
        if name != "sparse":
            getattr(backend.scoring, function)(full, *given, 1)
            assert (device.counts().to_device, device.counts().to_host) == (0, 0)


def test_keys_are_in_the_order_of_scores_then_articles(device):
    from cfdist.backends.gpu.top_k import decoded, score_keys, top_k_masked

    odd = [0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38, np.inf, 1.0, -1.0, 1.0, -np.inf, np.nan]
    scores = np.float32([odd])
    keys = score_keys(scores, np.arange(len(odd)))
    articles, values = decoded(keys)
    assert articles[0].tolist() == list(range(len(odd)))
    np.testing.assert_array_equal(values, scores)
    nothing = CsrBlock(
        np.empty(0, np.float32), np.empty(0, np.int32), np.zeros(2, np.int64), (1, len(odd))
    )
    best, _ = decoded(top_k_masked(scores, nothing, 99, positive=False))
    assert best[0].tolist() == [6, 4, 7, 9, 2, 0, 1, 3, 8, 5, -1, -1]
    best, _ = decoded(top_k_masked(scores, nothing, 6, positive=True))
    assert best[0].tolist() == [6, 4, 7, 9, 2, -1]
