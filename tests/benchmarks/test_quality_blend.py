"""The parts of the blend: the product's own lists, and dense NumPy."""

from pathlib import Path

import numpy as np
import quality_blend
from held_out_shop import candidate, given, shop_rows
from quality_judge import train_matrix
from quality_peers import best_articles
from running import open_context

from cfdist.algorithms.csr import binary
from cfdist.evaluation.evaluate import compare
from cfdist.stages.ingest import ingest

N = 10


def lists_of(context, outcome, fold) -> np.ndarray:
    blocks = context.client.gather(list(outcome.measured[fold.name].recommendations.lists))
    return np.concatenate([block["articles"][block["row_of_user"]] for block in blocks])


def test_parts_fill_the_lists_of_the_product(tmp_path: Path) -> None:
    filtered = candidate("spectral", spectral__filter="bspm", spectral__n_components=448)
    ease = candidate("latent", latent__ease_lambda=80.0)
    ease.settings["factorize.n_components"] = 600
    with open_context(tmp_path, shop_rows(), given(filled=False)) as context:
        context.memory = {}
        found = compare(context, ingest(context), [filtered, ease])
        fold = found.reporting
        matrix = binary(train_matrix(context, fold))
        parts = (
            quality_blend.filter_part(context, fold, matrix),
            quality_blend.ease_part(context, fold),
        )
        for part, outcome in zip(parts, found.outcomes, strict=True):
            scores = part(np.arange(matrix.shape[0]))
            ours = best_articles(
                lambda rows, of=scores: of[rows], matrix.to_scipy(), N, with_owned=False
            )
            theirs = lists_of(context, outcome, fold)
            same = np.take_along_axis(scores, np.maximum(theirs, 0), 1)
            wanted = np.take_along_axis(scores, ours, 1)
            np.testing.assert_allclose(same[theirs >= 0], wanted[theirs >= 0], atol=1e-5)
            assert np.mean(theirs == ours) > 0.9  # the rest are equal scores in another order


def test_votes_of_neighbours(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(quality_blend, "N_NEIGHBORS", 7)
    with open_context(tmp_path, shop_rows(), given()) as context:
        found = compare(context, ingest(context), [candidate("popular")])
        matrix = binary(train_matrix(context, found.reporting))
    dense = matrix.to_scipy().toarray().astype(float)
    degrees = dense.sum(axis=0)
    rows = dense * degrees**-0.2
    lengths = np.linalg.norm(rows, axis=1)
    similar = (rows @ rows.T) / np.outer(lengths, lengths) ** 0.8
    np.fill_diagonal(similar, 0)
    scores = quality_blend.neighbor_part(matrix)(np.arange(5, 25))
    n_compared = 0
    for row, user in enumerate(range(5, 25)):
        order = np.argsort(-similar[user])
        if similar[user, order[6]] - similar[user, order[7]] < 1e-6:
            continue  # equal neighbours at the edge
        weights = similar[user, order[:7]] ** 1.75
        wanted = (weights @ dense[order[:7]]) * degrees**-0.15
        np.testing.assert_allclose(scores[row], wanted, rtol=1e-4, atol=1e-6)
        n_compared += 1
    assert n_compared >= 10


def test_the_blend_is_judged_on_the_users_of_the_fold(tmp_path: Path) -> None:
    with open_context(tmp_path, shop_rows(), given(filled=False)) as context:
        context.memory = {}
        found = compare(context, ingest(context), [candidate("popular")])
        fold = found.reporting
        outcome = quality_blend.judge_blend(context, fold)
        ours = outcome.measured[fold.name].values["new"]["recall"][:, -1]
        popular = found.outcomes[0].measured[fold.name].values["new"]["recall"][:, -1]
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(popular))
        assert np.nanmean(ours) > np.nanmean(popular)
