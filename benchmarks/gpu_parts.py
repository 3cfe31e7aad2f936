"""What a GPU is asked to show, part by part: the same work on both backends, compared and timed.

Every part takes sizes and gives rows of figures. `seconds` are medians after one call that is not
counted; the device is waited for. A part imports what it needs, so that the others run without.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

import numpy as np

from cfdist.algorithms import krylov
from cfdist.algorithms.csr import CsrBlock, csr_from_sorted, take_rows
from cfdist.algorithms.lists import Blocked, Lists
from cfdist.backends import Backend, get_backend
from cfdist.backends.proof import prove
from cfdist.evaluation.agreement import LEAST_SHARE, VALUES_TOLERANCE, agreement

Row = dict[str, Any]
PASSES, WIDTH, N_COMPONENTS = 10, 32, 50
N_SIMILAR, N_LISTED, N_LONGER = 20, 10, 40


def table(n_users: int, n_articles: int, n_interactions: int, seed: int = 0) -> CsrBlock:
    """A matrix of these sizes with a long tail of articles and of users."""
    rng = np.random.default_rng(seed)
    users = (n_users * rng.random(n_interactions) ** 1.5).astype(np.int64)
    articles = (n_articles * rng.random(n_interactions) ** 3).astype(np.int64)
    pairs = np.unique(users * n_articles + articles)
    weights = np.log1p(rng.integers(1, 4, len(pairs)))
    return csr_from_sorted(pairs // n_articles, pairs % n_articles, weights, (n_users, n_articles))


def proof(sizes: Mapping[str, int]) -> list[Row]:
    """The start-up proof of a worker, step by step."""
    return [
        {"what": check.step, "found": check.found, "agrees": check.is_right}
        for check in prove(get_backend("gpu"))
    ]


def passes(sizes: Mapping[str, int]) -> list[Row]:
    """One pass over the matrix, in both types."""
    block = table(**sizes)
    rows = []
    for dtype in (np.float32, np.float64):
        draw = np.random.default_rng(1).standard_normal((block.shape[1], WIDTH)).astype(dtype)
        sides = dict(_on_both(lambda b, x=draw, t=dtype: _a_pass(b, block, x, t)))
        error = _relative(sides["gpu"][1], sides["cpu"][1])
        limit = 1e-4 if dtype is np.float32 else 1e-9
        rows.append(_row(f"pass in {np.dtype(dtype)}", sides, error, limit))
    return rows


def factorization(sizes: Mapping[str, int]) -> list[Row]:
    """All passes and the end, by cuML on the GPU."""
    block = table(**sizes)
    sides = dict(_on_both(lambda backend: _factors(backend, block), repeats=3))
    found, wanted = (sides[name][1].singular_values for name in ("gpu", "cpu"))
    return [_row("factorization", sides, float(np.abs(found / wanted - 1).max()), VALUES_TOLERANCE)]


def search(sizes: Mapping[str, int]) -> list[Row]:
    """Exact neighbours of the articles and of a part of the users, by cuVS on the GPU."""
    from cfdist.algorithms.exact_neighbors import unit_rows

    block = table(**sizes)
    factors = _factors(get_backend("cpu"), block)()
    articles = factors.item_factors * factors.singular_values
    users = get_backend("cpu").csr(block, np.float32).times(factors.item_factors)
    rows = []
    for name, wide in (("articles", articles), ("users", users[: sizes["n_users"] // 10])):
        units = unit_rows(wide)
        sides = dict(_on_both(lambda b, u=units: _search(b, u), repeats=3))
        found, (ids, scores) = sides["gpu"][1][0], sides["cpu"][1]
        share = agreement(found, ids, scores).share
        rows.append(_row(f"similar {name}", sides, 1 - share, 1 - LEAST_SHARE))
    return rows


def scoring(sizes: Mapping[str, int]) -> list[Row]:
    """Lists by similar users, owned articles left out."""
    block = table(**sizes)
    rng = np.random.default_rng(2)
    n = min(20_000, block.shape[0])
    picked = np.sort(rng.integers(0, block.shape[0], (n, 20)), axis=1)
    weights = _distinct(picked, rng.random(picked.shape), block.shape[0])
    owned = take_rows(block, np.arange(n))
    sides = dict(_on_both(lambda b: _lists(b, weights, block, owned), repeats=3))
    found, wanted = sides["gpu"][1].articles[:, :N_LISTED], sides["cpu"][1]
    share = agreement(found, wanted.articles, wanted.scores, wanted.sources).share
    return [_row(f"lists of {n:,} users", sides, 1 - share, 1 - LEAST_SHARE)]


def _a_pass(backend: Backend, block: CsrBlock, draw: Any, dtype: Any) -> Callable[[], Any]:
    operator = backend.csr(backend.to_device(block), dtype)
    right = backend.to_device(draw)
    return lambda: backend.to_host(operator.gram_times(right))


def _factors(backend: Backend, block: CsrBlock) -> Callable[[], krylov.TruncatedFactors]:
    on_device = backend.to_device(block)

    def run() -> krylov.TruncatedFactors:
        state = backend.to_device(krylov.start(block.shape[1], WIDTH, 0))
        operator = backend.csr(on_device, np.float32)
        for _ in range(PASSES):
            image = operator.gram_times(state.block)
            state = krylov.extend(state, image, krylov.max_basis_columns(N_COMPONENTS), backend)
        found: krylov.TruncatedFactors
        found = backend.to_host(krylov.finish(state, N_COMPONENTS, device=backend))
        return found

    return run


def _distinct(picked: Any, values: Any, n_columns: int) -> CsrBlock:
    row, place = np.nonzero(np.diff(picked, axis=1, prepend=-1) > 0)
    shape = (len(picked), n_columns)
    return csr_from_sorted(row, picked[row, place], values[row, place], shape)


def _lists(
    backend: Backend, weights: CsrBlock, votes: CsrBlock, owned: CsrBlock
) -> Callable[[], Lists]:
    left, right, mine = backend.to_device((weights, votes, owned))
    denied = backend.to_device(np.empty(0, np.int64))

    def run() -> Lists:
        lists = Lists.empty(weights.shape[0], N_LONGER)
        backend.scoring.fill_through(lists, left, right, Blocked(mine, denied), 0)
        return lists

    return run


def _on_both(
    prepare: Callable[[Backend], Callable[[], Any]], repeats: int = 5
) -> Iterator[tuple[str, tuple[float, Any]]]:
    """Seconds and result of the work, on the CPU and on the GPU."""
    for name in ("cpu", "gpu"):
        backend = get_backend(name)
        run = prepare(backend)
        result = run()
        seconds = []
        for _ in range(repeats):
            _finish(backend)
            started = time.perf_counter()
            result = run()
            _finish(backend)
            seconds.append(time.perf_counter() - started)
        yield name, (median(seconds), result)


def _search(backend: Backend, units: Any) -> Callable[[], tuple[Any, Any]]:
    """Longer lists on the CPU, so that what just misses a list has a score."""
    search, k = backend.neighbors, N_SIMILAR * (2 if backend.name == "cpu" else 1)
    rows, family = backend.to_device((units, np.arange(len(units))))

    def run() -> tuple[Any, Any]:
        centroids = search.centroids(rows)
        index = search.arrange(rows, family, search.assign(rows, centroids), centroids, k)
        asked, ids, scores, _ = search.search(index, (0, search.n_tiles(index)), k)
        asked, ids, scores = backend.to_host((asked, ids, scores))
        order = np.argsort(asked)
        return ids[order], scores[order]

    return run


def _finish(backend: Backend) -> None:
    """Wait until the device has nothing more to do."""
    if hasattr(backend.xp, "cuda"):
        backend.xp.cuda.Stream.null.synchronize()


def _relative(found: Any, wanted: Any) -> float:
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def _row(what: str, sides: Mapping[str, tuple[float, Any]], error: float, limit: float) -> Row:
    return {
        "what": what,
        "cpu_s": sides["cpu"][0],
        "gpu_s": sides["gpu"][0],
        "off": error,
        "limit": limit,
        "agrees": error <= limit,
    }
