"""Dense oracles: short, slow and obvious. What they say is what the package must say."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NO_SCORE = np.float32(-2.0)
"""Score of a place that nothing fills."""


class Row(NamedTuple):
    """One interaction in plain Python; ``user`` and ``basket`` may be missing."""

    user: int | str | None
    article: int | str
    basket: int | str | None
    quantity: float
    timestamp: int


def full_svd(matrix: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """U, σ and Vᵀ in float64, singular values descending."""
    return np.linalg.svd(np.asarray(matrix, dtype=np.float64), full_matrices=False)


def subspace_distance(left: NDArray, right: NDArray) -> float:
    """Spectral norm of the difference of two projectors: blind to signs and to rotations."""
    left, right = left.astype(np.float64), right.astype(np.float64)
    return float(np.linalg.norm(left @ left.T - right @ right.T, 2))


def energy(matrix: NDArray, n_components: int) -> NDArray:
    """Σσ² / ‖X‖²_F, per component."""
    squares = full_svd(matrix)[1][:n_components] ** 2
    return squares / np.square(np.asarray(matrix, dtype=np.float64)).sum()


def explained_variance_ratio(matrix: NDArray, n_components: int) -> NDArray:
    """scikit-learn's: variance of the columns of XV over the sum of the variances of X's."""
    wide = np.asarray(matrix, dtype=np.float64)
    scores = wide @ full_svd(wide)[2][:n_components].T
    return scores.var(axis=0) / wide.var(axis=0).sum()


def all_cosines(rows: NDArray) -> NDArray:
    """Cosine of every pair, float64 rounded to float32; equal rows have equal cosines.

    No BLAS: its products of equal columns differ in the last bits, and ties would be lost.
    """
    wide = np.asarray(rows, dtype=np.float64)
    lengths = np.sqrt((wide * wide).sum(axis=1))
    units = wide / np.where(lengths > 0, lengths, 1.0)[:, None]
    return np.array([(units * unit).sum(axis=1) for unit in units], dtype=np.float32)


def all_products(left: NDArray, right: NDArray) -> NDArray:
    """left @ rightᵀ without BLAS, float64 rounded to float32."""
    wide = right.astype(np.float64)
    return np.array([(wide * row.astype(np.float64)).sum(axis=1) for row in left], np.float32)


def top_k_cosine(
    rows: NDArray, k: int, family: NDArray | None = None, cosines: NDArray | None = None
) -> tuple[NDArray, NDArray]:
    """The k most similar rows of each row, by (−cosine, row); −1 where there is none.

    Rows of one family, and zero rows, are nobody's neighbours.
    """
    cosines = all_cosines(rows) if cosines is None else cosines
    family = np.arange(len(rows)) if family is None else family
    allowed = family[:, None] != family[None, :]
    np.fill_diagonal(allowed, False)
    empty = ~np.asarray(rows).any(axis=1)
    allowed[empty] = False
    allowed[:, empty] = False
    return top_n(cosines, allowed, k)


def top_n(scores: NDArray, allowed: NDArray, n: int) -> tuple[NDArray, NDArray]:
    """Columns by (−score, column) among the allowed ones, −1 and −2.0 where there is none."""
    ids = np.full((len(scores), n), -1, dtype=np.int64)
    best = np.full((len(scores), n), NO_SCORE, dtype=np.float32)
    for row in range(len(scores)):
        columns = np.flatnonzero(allowed[row])
        ranked = columns[np.lexsort((columns, -scores[row, columns]))][:n]
        ids[row, : len(ranked)] = ranked
        best[row, : len(ranked)] = scores[row, ranked]
    return ids, best


def weighted_mean(weights: NDArray, table: NDArray) -> NDArray:
    """Σ_e w_re · t_ea / Σ_e w_re over positive weights and entries, float32; 0 without any."""
    kept = np.where(weights > 0, weights, 0).astype(np.float64)
    sums = kept @ np.where(table > 0, table, 0).astype(np.float64)
    mass = kept.sum(axis=1, keepdims=True)
    return np.divide(sums, mass, out=np.zeros_like(sums), where=mass > 0).astype(np.float32)


def fill_from_scores(
    articles: NDArray,
    scores: NDArray,
    sources: NDArray,
    candidates: NDArray,
    owned: NDArray,
    source: int,
    *,
    only_positive: bool,
) -> tuple[NDArray, NDArray, NDArray]:
    """Lists whose free places are filled by the best candidates neither owned nor listed.

    ``candidates`` and ``owned`` are dense, users × articles; the arguments are left as they are.
    """
    articles, scores, sources = articles.copy(), scores.copy(), sources.copy()
    for row in range(len(articles)):
        allowed = ~owned[row].astype(bool)
        allowed[articles[row][articles[row] >= 0]] = False
        if only_positive:
            allowed &= candidates[row] > 0
        free = np.flatnonzero(articles[row] < 0)
        ids, best = top_n(candidates[row : row + 1], allowed[None, :], len(free))
        articles[row, free], scores[row, free] = ids[0], best[0]
        sources[row, free] = np.where(ids[0] >= 0, source, -1)
    return articles, scores, sources


def ranking_as_scores(ranking: NDArray, n_rows: int, n_articles: int) -> NDArray:
    """One falling score per place of a ranking, for every row; −∞ for what is not ranked."""
    candidates = np.full(n_articles, -np.inf, dtype=np.float32)
    candidates[ranking] = -np.arange(len(ranking), dtype=np.float32)
    return np.tile(candidates, (n_rows, 1))


def weights_of_rows(
    rows: Iterable[Row], aggregate: str, returns: str
) -> dict[tuple[int | str, int | str], float]:
    """Weight of every (user, article) ever seen."""
    quantities = defaultdict(list)
    for row in rows:
        if row.user is not None:
            quantities[row.user, row.article].append(row.quantity)
    return {pair: _weight(values, aggregate, returns) for pair, values in quantities.items()}


def _weight(quantities: list[float], aggregate: str, returns: str) -> float:
    bought = [q for q in quantities if q > 0]
    returned = [q for q in quantities if q < 0]
    left = sum(bought) + (sum(returned) if returns == "net" else 0)
    if aggregate == "sum":
        return max(left, 0.0)
    if returns == "drop":
        return len(bought)
    return max(len(bought) - len(returned), 1) if left > 0 else 0


def baskets_of_rows(rows: Iterable[Row], day: int) -> list[tuple]:
    """Sorted article sets: what one user took under one basket id, or on one day without."""
    baskets = defaultdict(set)
    for row in rows:
        if row.quantity > 0:
            when = ("day", row.timestamp // day) if row.basket is None else ("id", row.basket)
            baskets[row.user, when].add(row.article)
    return sorted(tuple(sorted(articles)) for articles in baskets.values())


def pair_counts(baskets: NDArray) -> NDArray:
    """Baskets that hold both articles, from dense baskets × articles; diagonal: that hold one."""
    held = (np.asarray(baskets) > 0).astype(np.int64)
    return held.T @ held


def top_partners(baskets: NDArray, n: int, min_count: int) -> tuple[NDArray, NDArray]:
    """Partners of each article by (−count, baskets of the partner, article), and the counts."""
    counts = pair_counts(baskets)
    size = counts.diagonal()
    partners = np.full((len(counts), n), -1, dtype=np.int64)
    together = np.zeros((len(counts), n), dtype=np.int64)
    for a in range(len(counts)):
        others = [b for b in range(len(counts)) if b != a and counts[a, b] >= min_count]
        ranked = sorted(others, key=lambda b: (-counts[a, b], size[b], b))[:n]
        partners[a, : len(ranked)] = ranked
        together[a, : len(ranked)] = counts[a, ranked]
    return partners, together
