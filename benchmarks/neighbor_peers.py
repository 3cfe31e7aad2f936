"""Other libraries' searches for the 20 most similar rows.

Each is a function from the rows to a search of chosen queries. What it does once is its build,
what it does per query its search; each query may find itself, which is taken out afterwards.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from neighbor_data import Ints, K, Rows
from neighbor_truth import Truth, recall
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

WANTED_RECALL = 0.993
PROBES = sorted({round(1.12**power) for power in range(65)})
"""Tried one after the other: all up to ten, then in steps of 12 %, to 1,400."""
SEED = 1234
QUERY_BLOCK = 4096

Search = Callable[[Ints], Ints]
"""Rows found ``(n_queries, at most k)`` for the queries; −1 in empty places."""


@dataclass(frozen=True)
class Peer:
    """One library's way.

    Attributes
    ----------
    build : from the rows to a search
    module : str
        What must be installed.
    n_queries : int
        Queries that are timed at most; the seconds of all follow, as they are linear in queries.
    is_exact : bool
        Whether it promises the true neighbours of the unit rows.
    tune : from the search and the truth on a sample to words about the chosen setting
        Not timed.
    """

    name: str
    build: Callable[[Rows], Search]
    module: str
    n_queries: int
    is_exact: bool = True
    tune: Callable[[Any, Rows, Truth], str] | None = None
    note: str = ""


def n_threads() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def others(found: Ints, queries: Ints, k: int = K) -> Ints:
    """The first k of each list without the query itself; −1 where there are fewer."""
    found = np.where(found == queries[:, None], -1, found)
    order = np.argsort(found < 0, axis=1, kind="stable")
    sorted_found = np.take_along_axis(found, order, axis=1)
    missing = max(0, k - found.shape[1])
    return np.pad(sorted_found, ((0, 0), (0, missing)), constant_values=-1)[:, :k]


def faiss_flat(rows: Rows) -> Search:
    """``IndexFlatIP``: every pair."""
    import faiss

    index = faiss.IndexFlatIP(rows.units.shape[1])
    index.add(rows.units)
    return _faiss_search(index, rows)


class FaissInverted:
    """``IndexIVFFlat``: the pairs in the groups nearest to the query, as many as ``nprobe``."""

    def __init__(self, rows: Rows) -> None:
        import faiss

        n_lists = n_lists_for(len(rows))
        self.index = faiss.index_factory(
            rows.units.shape[1], f"IVF{n_lists},Flat", faiss.METRIC_INNER_PRODUCT
        )
        self.index.cp.min_points_per_centroid = 1  # a warning about few rows helps nobody
        self.index.train(rows.units)
        self.index.add(rows.units)
        self._search = _faiss_search(self.index, rows)

    def __call__(self, queries: Ints) -> Ints:
        """Rows found, with as many probes as are set."""
        return self._search(queries)


def n_lists_for(n_rows: int) -> int:
    """The power of two nearest to 4√n from below, which faiss' guidelines begin with.

    Examples
    --------
    >>> n_lists_for(557_000), n_lists_for(4000)
    (2048, 128)
    """
    wanted = max(1, min(4 * int(n_rows**0.5), n_rows // 30))
    return int(2 ** int(np.log2(wanted)))


def fewest_probes(search: FaissInverted, rows: Rows, truth: Truth) -> str:
    """Set the least ``nprobe`` that reaches the wanted recall on the sample; said in words."""
    reached = 0.0
    for n_probes in PROBES:
        search.index.nprobe = min(n_probes, search.index.nlist)
        reached = recall(rows, truth, others(search(truth.queries), truth.queries))
        if reached >= WANTED_RECALL or n_probes >= search.index.nlist:
            break
    return f"{search.index.nlist} lists, nprobe {search.index.nprobe}"


def sklearn_brute(rows: Rows) -> Search:
    """``NearestNeighbors``, brute force by cosine."""
    return _sklearn(rows, "cosine")


def sklearn_euclidean(rows: Rows) -> Search:
    """``NearestNeighbors``, brute force by Euclidean distance: the same order for unit rows."""
    return _sklearn(rows, "euclidean")


def implicit_similar(rows: Rows) -> Search:
    """``similar_users`` of implicit, over the unit rows as user factors."""
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(factors=rows.units.shape[1], num_threads=n_threads())
    model.user_factors = rows.units
    wanted = min(K + 1, len(rows))
    _ = model.user_norms  # computed once, at the first call

    def search(queries: Ints) -> Ints:
        with threadpool_limits(1, "blas"):  # as implicit asks for: it has threads of its own
            return np.asarray(model.similar_users(queries, N=wanted)[0])

    return _in_blocks(search)


def sparse_dot(rows: Rows) -> Search:
    """``sp_matmul_topn`` over the rows of the matrix itself, without an SVD."""
    from sparse_dot_topn import sp_matmul_topn

    norms = np.sqrt(np.asarray(rows.matrix.multiply(rows.matrix).sum(axis=1))).ravel()
    scale = sp.diags(1 / np.where(norms > 0, norms, 1))
    units = sp.csr_matrix(scale @ rows.matrix, dtype=np.float32)
    transposed = units.T.tocsr()

    def search(queries: Ints) -> Ints:
        found = sp_matmul_topn(
            units[queries], transposed, top_n=K + 1, sort=True, n_threads=n_threads()
        )
        return _dense_lists(found, K + 1)

    return search


PEERS: Sequence[Peer] = (
    Peer("faiss IndexFlatIP", faiss_flat, "faiss", 8192),
    Peer("faiss IVF", FaissInverted, "faiss", 16_384, is_exact=False, tune=fewest_probes),
    Peer("scikit-learn, cosine", sklearn_brute, "sklearn", 512),
    Peer("scikit-learn, Euclidean", sklearn_euclidean, "sklearn", 2048),
    Peer("implicit similar_users", implicit_similar, "implicit", 1024),
    Peer(
        "sparse_dot_topn", sparse_dot, "sparse_dot_topn", 8192, is_exact=False,
        note="cosine of the matrix rows, another similarity",
    ),
)  # fmt: skip


def _faiss_search(index: Any, rows: Rows) -> Search:
    wanted = min(K + 1, len(rows))
    return lambda queries: np.asarray(index.search(rows.units[queries], wanted)[1])


def _sklearn(rows: Rows, metric: str) -> Search:
    from sklearn.neighbors import NearestNeighbors

    wanted = min(K + 1, len(rows))
    model = NearestNeighbors(n_neighbors=wanted, algorithm="brute", metric=metric, n_jobs=-1)
    model.fit(rows.units)
    return lambda queries: np.asarray(model.kneighbors(rows.units[queries])[1])


def _in_blocks(search: Search) -> Search:
    """The same, few queries at once, where a library holds all products of a call."""

    def run(queries: Ints) -> Ints:
        blocks = np.array_split(queries, -(-len(queries) // QUERY_BLOCK))
        return np.concatenate([np.asarray(search(block)) for block in blocks])

    return run


def _dense_lists(found: sp.csr_matrix, n: int) -> NDArray[np.int64]:
    """Column indexes by row; −1 where a row has fewer."""
    lengths = np.diff(found.indptr)
    lists = np.full((found.shape[0], n), -1, dtype=np.int64)
    row = np.repeat(np.arange(found.shape[0]), lengths)
    lists[row, np.arange(found.nnz) - np.repeat(found.indptr[:-1], lengths)] = found.indices
    return lists
