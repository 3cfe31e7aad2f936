"""The reference job as one would write it with pandas, SciPy, scikit-learn and faiss.

All users, exact, all cores wherever these libraries use them by themselves:

    python benchmarks/peer_job.py INTERACTIONS.parquet OUTPUT_FOLDER

It prints seconds per stage as JSON. The stages are named as in cfdist. Left out, to the peer's
advantage: checks of the input, resuming, hashes and syncing of files, an atomic switch of builds.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import faiss
import numpy as np
import pandas as pd
import peer_tables
import scipy.sparse as sp
from numpy.typing import NDArray
from peer_lists import neighbor_lists
from peer_pairs import article_pairs
from sklearn.decomposition import TruncatedSVD
from threadpoolctl import threadpool_info

N_COMPONENTS, N_ITER, N_SIMILAR = 50, 50, 20
MAX_BASKET_ARTICLES = 200
QUERY_BLOCK = 16_384

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass
class Stopwatch:
    """Wall time per stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block under this name."""
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 3)


def read(path: Path) -> pd.DataFrame:
    """Purchases with a user."""
    columns = ["user_id", "article_id", "basket_id", "quantity"]
    frame = pd.read_parquet(path, columns=columns).dropna(subset=columns[:2])
    return frame[frame["quantity"] > 0]


def count_matrix(row: Ints, column: Ints, shape: tuple[int, int]) -> sp.csr_matrix:
    """How often each (row, column) occurs, float32, indices sorted."""
    ones = np.ones(len(row), dtype=np.float32)
    return sp.coo_matrix((ones, (row, column)), shape=shape).tocsr()


def basket_matrix(basket: Ints, article: Ints, n_articles: int) -> sp.csr_matrix:
    """Baskets × articles (ones, int32), without the few very large ones."""
    counts = count_matrix(basket, article, (int(basket.max()) + 1, n_articles)).astype(np.int32)
    counts.data[:] = 1
    return counts[np.diff(counts.indptr) <= MAX_BASKET_ARTICLES]


def factorize(matrix: sp.csr_matrix, svd: str) -> tuple[Floats, Floats, Floats]:
    """UΣ, V and σ."""
    model = TruncatedSVD(N_COMPONENTS, algorithm=svd, n_iter=N_ITER, random_state=0)
    user_factors = model.fit_transform(matrix).astype(np.float32)
    item_factors = np.ascontiguousarray(model.components_.T, dtype=np.float32)
    return user_factors, item_factors, model.singular_values_


def unit_rows(rows: Floats) -> Floats:
    """Rows of length one; zero rows stay zero."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.ascontiguousarray(rows / np.where(norms > 0, norms, 1), dtype=np.float32)


def nearest(units: Floats, k: int) -> tuple[Ints, Floats]:
    """The k most similar other rows of each row, exact, and their cosines."""
    index = faiss.IndexFlatIP(units.shape[1])
    index.add(units)
    ids = np.empty((len(units), k), dtype=np.int64)
    scores = np.empty((len(units), k), dtype=np.float32)
    for first in range(0, len(units), QUERY_BLOCK):
        block = slice(first, min(first + QUERY_BLOCK, len(units)))
        found_scores, found = index.search(units[block], k + 1)
        kept = ~_self_or_last(found, first)
        ids[block] = found[kept].reshape(-1, k)
        scores[block] = found_scores[kept].reshape(-1, k)
    return ids, scores


def _self_or_last(found: Ints, first: int) -> NDArray[np.bool_]:
    """Where each query found itself; the last place if equal rows pushed it out of the list."""
    is_self = found == np.arange(first, first + len(found))[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    return np.asarray(is_self)


def run(source: Path, output: Path, svd: str) -> dict[str, float]:
    """Seconds per stage of the whole job; the tables are in ``output``."""
    watch = Stopwatch()
    with watch.stage("ingest"):
        frame = read(source)
    with watch.stage("index"):
        user, user_ids = pd.factorize(frame["user_id"], sort=True)
        article, article_ids = pd.factorize(frame["article_id"], sort=True)
        basket = pd.factorize(frame["basket_id"])[0]
    with watch.stage("matrix"):
        matrix = count_matrix(user, article, (len(user_ids), len(article_ids)))
        matrix.data = np.log1p(matrix.data)
        baskets = basket_matrix(basket, article, len(article_ids))
    del frame, user, article, basket
    with watch.stage("factorize"):
        user_factors, item_factors, sigma = factorize(matrix, svd)
    with watch.stage("neighbors"):
        item_units = unit_rows(item_factors * sigma)
        similar_users = nearest(unit_rows(user_factors), N_SIMILAR)
        similar_items = nearest(item_units, N_SIMILAR)
    with watch.stage("recommend"):
        lists = neighbor_lists(matrix, *similar_users)
        pairs = article_pairs(baskets, *similar_items, item_units)
    with watch.stage("publish"):
        peer_tables.write_arrays(output, matrix, user_factors, item_factors, sigma, item_units)
        peer_tables.write_ids(output, np.asarray(user_ids), np.asarray(article_ids), matrix)
        peer_tables.write_similar_users(output, np.asarray(user_ids), *similar_users)
        peer_tables.write_lists(output, np.asarray(user_ids), np.asarray(article_ids), *lists)
        peer_tables.write_pairs(output, np.asarray(article_ids), pairs)
    return watch.seconds


def main() -> None:
    """Run the job and print its seconds."""
    parser = argparse.ArgumentParser(description="The reference job by scikit-learn and faiss.")
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--svd", choices=("randomized", "arpack"), default="randomized")
    given = parser.parse_args()
    seconds = run(given.source, given.output, given.svd)
    pools = [
        {name: pool.get(name) for name in ("internal_api", "version", "num_threads", "filepath")}
        for pool in threadpool_info()
    ]
    print(json.dumps({"seconds": seconds, "pools": pools}))


if __name__ == "__main__":
    main()
