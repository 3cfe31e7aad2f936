"""The peer's pairs of articles: what baskets share, by one sparse product, and what is similar."""

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from peer_lists import top_of_rows

N_PARTNERS, MIN_PAIR_COUNT = 20, 3

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def article_pairs(
    baskets: sp.csr_matrix, similar_ids: Ints, cosines: Floats, units: Floats
) -> pd.DataFrame:
    """Twenty partners of every article in each relation, in indexes, with what describes them."""
    counts = (baskets.T @ baskets).tocsr()
    n_baskets = counts.diagonal()
    article, rank, other, count = top_of_rows(_frequent(counts), N_PARTNERS)
    together = pd.DataFrame({"article": article, "rank": rank, "other": other, "count": count})
    together["similarity"] = np.einsum("ij,ij->i", units[article], units[other])
    row, place = np.nonzero(similar_ids >= 0)
    near = pd.DataFrame({"article": row, "rank": place, "other": similar_ids[row, place]})
    near["count"] = np.asarray(counts[row, near["other"].to_numpy()]).ravel()
    near["similarity"] = cosines[row, place]
    relations = {"bought_together": together, "similar": near}
    pairs = pd.concat([table.assign(relation=name) for name, table in relations.items()])
    return _describe(pairs, n_baskets, baskets.shape[0])


def _frequent(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Counts of pairs of two articles that share enough baskets."""
    frequent = counts.copy()
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    frequent.data[(counts.data < MIN_PAIR_COUNT) | (row == counts.indices)] = 0
    frequent.eliminate_zeros()
    return frequent


def _describe(pairs: pd.DataFrame, n_baskets: Ints, n_all: int) -> pd.DataFrame:
    """Add confidence and lift."""
    first = n_baskets[pairs["article"]].astype(np.float64)
    second = n_baskets[pairs["other"]].astype(np.float64)
    count = pairs["count"].to_numpy()
    pairs["confidence"] = (count / np.maximum(first, 1)).astype(np.float32)
    pairs["lift"] = (count * n_all / np.maximum(first * second, 1)).astype(np.float32)
    return pairs
