"""A blend that goes beyond the published filters on Gowalla, judged like every candidate.

Score = 1.0 · a / max a + 1.5 · b / max b + 0.3 · c / max c, each maximum over what the user does
not have:

- a: the filter ``bspm`` with its published settings;
- b: users like this one. Articles weigh d^-0.2; two users' similarity is the product of their
  rows over (both lengths)^0.8, a cosine that lets long histories count more. The 300 most
  similar vote with similarity^1.75, and a vote for an article weighs its d^-0.15;
- c: low-rank EASE over 600 components of the raw matrix, λ = 80.

All of it was chosen on a tenth of the train pairs and frozen before it was scored on test once.
"""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from quality_judge import judge_lists, opened_part, peer_outcome, timed, train_matrix, truths_of
from quality_peers import best_articles

from cfdist.algorithms.blending import blend_tiles
from cfdist.algorithms.csr import CsrBlock, binary, take_rows
from cfdist.algorithms.pairs import transpose
from cfdist.algorithms.sparse_products import product_top_k
from cfdist.algorithms.spectral.tiles import filter_tile, low_rank_tile
from cfdist.algorithms.spectral.walk import TwoWays
from cfdist.algorithms.weighting import degree_normalized
from cfdist.backends import get_backend
from cfdist.evaluation.comparison import Outcome
from cfdist.evaluation.folds import Fold
from cfdist.evaluation.ranks import ranks_of
from cfdist.stages.context import Context
from cfdist.stages.factor_tables import factor_tables
from cfdist.stages.spectral import spectral, spectral_filter

NAME = "frozen blend"
WEIGHTS = (1.0, 1.5, 0.3)
COMPARE_DAMPING, LENGTH_POWER, VOTE_POWER, RESULT_DAMPING = 0.2, 0.8, 1.75, 0.15
N_NEIGHBORS, N_COMPONENTS, RIDGE = 300, 600, 80.0
BSPM = {"recommend.spectral.filter": "bspm", "recommend.spectral.n_components": 448}

Array = NDArray[np.float32]
Part = Callable[[NDArray[np.int64]], Array]


def judge_blend(context: Context, fold: Fold) -> Outcome:
    """The blend fitted and judged on one fold."""
    outcome = peer_outcome(NAME, {})
    with timed(outcome):
        matrix = binary(train_matrix(context, fold))
        parts = (
            filter_part(context, fold, matrix), neighbor_part(matrix), ease_part(context, fold),
        )  # fmt: skip

        def scores(rows: slice) -> Array:
            users = np.arange(rows.start, rows.stop)
            return blend_tiles([part(users) for part in parts], WEIGHTS, take_rows(matrix, users))

        n = max(ranks_of(context.config.evaluation))
        lists = best_articles(scores, matrix.to_scipy(), n, with_owned=False)
    outcome.measured[fold.name] = judge_lists(context, truths_of(context, fold), lists)
    return outcome


def filter_part(context: Context, fold: Fold, matrix: CsrBlock) -> Part:
    """Scores of ``bspm`` by the product's own tables."""
    fitting = opened_part(context, fold, "spectral", BSPM)
    fitted = spectral(fitting)
    chosen = spectral_filter(fitting.context.config.recommend.spectral)
    assert chosen is not None
    left = np.concatenate(context.client.gather(list(fitted.users)))
    right, whole = fitted.articles.result(), fitted.matrix.result()
    both, operator = TwoWays(whole, transpose(whole)), get_backend("cpu").csr(whole, np.float32)
    degrees = degrees_of(matrix).astype(np.float64)

    def scores(users: NDArray[np.int64]) -> Array:
        histories = take_rows(matrix, users)
        walked = filter_tile(histories, chosen, operator, degrees, both)
        return np.asarray(walked + low_rank_tile(left[users], right))

    return scores


def neighbor_part(matrix: CsrBlock) -> Part:
    """Votes of similar users; see the head of this module."""
    degrees = degrees_of(matrix)
    damped = degree_normalized(matrix, degrees, 0.0, COMPARE_DAMPING)
    rows = damped.to_scipy()
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = np.where(lengths > 0, lengths, 1.0) ** -LENGTH_POWER
    scaled = damped._replace(
        data=(damped.data * np.repeat(scale, np.diff(damped.indptr))).astype(np.float32)
    )
    by_article = transpose(scaled)
    votes = matrix.to_scipy() @ sp.diags(np.maximum(degrees, 1.0) ** -RESULT_DAMPING)

    def scores(users: NDArray[np.int64]) -> Array:
        near, similar = product_top_k(
            take_rows(scaled, users), by_article, N_NEIGHBORS, users.astype(np.int64)
        )
        weights = np.where(near >= 0, similar.astype(np.float64), 0.0) ** VOTE_POWER
        starts = np.arange(0, near.size + 1, near.shape[1])
        voters = sp.csr_matrix(
            (weights.ravel(), np.maximum(near, 0).ravel(), starts), (len(users), votes.shape[0])
        )
        return np.asarray((voters @ votes).toarray(), dtype=np.float32)

    return scores


def ease_part(context: Context, fold: Fold) -> Part:
    """Scores of low-rank EASE by the product's own tables."""
    own = {"recommend.latent.ease_lambda": RIDGE, "factorize.n_components": N_COMPONENTS}
    tables = factor_tables(opened_part(context, fold, "latent", own))
    left = np.concatenate(context.client.gather(list(tables.users)))
    right = tables.articles.result()
    return lambda users: low_rank_tile(left[users], right)


def degrees_of(matrix: CsrBlock) -> NDArray[np.int64]:
    """Users of each article."""
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.int64)
