"""The files of the peer's result: the same names and columns as a build of cfdist."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp
from numpy.typing import NDArray

MAX_SIMILARITY_ARTICLES = 10_000

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def write_arrays(
    folder: Path, matrix: sp.csr_matrix, user_factors: Floats, item_factors: Floats,
    sigma: Floats, item_units: Floats,
) -> None:  # fmt: skip
    """The matrix, the factors and, for few articles, all cosines between articles."""
    folder.mkdir(parents=True, exist_ok=True)
    sp.save_npz(folder / "user_item_matrix.npz", matrix, compressed=False)
    np.save(folder / "user_latent_factors.npy", user_factors)
    np.save(folder / "item_latent_factors.npy", item_factors)
    np.save(folder / "singular_values.npy", sigma)
    if len(item_units) <= MAX_SIMILARITY_ARTICLES:
        np.save(folder / "item_similarity.npy", item_units @ item_units.T)


def write_ids(folder: Path, user_ids: Ints, article_ids: Ints, matrix: sp.csr_matrix) -> None:
    """Which row and column of the arrays belongs to which id."""
    n_users = np.bincount(matrix.indices, minlength=len(article_ids))
    users = {"user_id": user_ids, "n_owned_articles": np.diff(matrix.indptr)}
    _write(folder, "users", {"user_index": np.arange(len(user_ids))} | users)
    articles = {"article_id": article_ids, "n_users": n_users}
    _write(folder, "articles", {"article_index": np.arange(len(article_ids))} | articles)


def write_similar_users(folder: Path, user_ids: Ints, ids: Ints, cosines: Floats) -> None:
    """Twenty rows for every user."""
    n_users, k = ids.shape
    columns = {
        "user_id": np.repeat(user_ids, k),
        "rank": np.tile(np.arange(1, k + 1, dtype=np.int16), n_users),
        "other_user_id": user_ids[ids.ravel()],
        "similarity": cosines.ravel(),
    }
    _write(folder, "similar_users", columns)


def write_lists(
    folder: Path, user_ids: Ints, article_ids: Ints, articles: Ints, scores: Floats
) -> None:
    """Ten rows for every user."""
    row, place = np.nonzero(articles >= 0)
    columns = {
        "user_id": user_ids[row],
        "rank": (place + 1).astype(np.int16),
        "article_id": article_ids[articles[row, place]],
        "score": scores[row, place],
    }
    _write(folder, "cf_user_based_recommendations", columns)


def write_pairs(folder: Path, article_ids: Ints, pairs: pd.DataFrame) -> None:
    """Partners of every article in both relations."""
    columns = {
        "article_id": article_ids[pairs["article"]],
        "relation": pairs["relation"].to_numpy(),
        "rank": (pairs["rank"].to_numpy() + 1).astype(np.int16),
        "other_article_id": article_ids[pairs["other"]],
        "pair_count": pairs["count"].to_numpy().astype(np.int64),
    }
    names = ("confidence", "lift", "similarity")
    described = {name: pairs[name].to_numpy() for name in names}
    _write(folder, "cf_item_based_recommendations", columns | described)


def _write(folder: Path, table: str, columns: Mapping[str, Any]) -> None:
    pq.write_table(pa.table(dict(columns)), folder / f"{table}.parquet")
