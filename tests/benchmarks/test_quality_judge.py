"""Peers are judged by the evaluator of the product, on the same users."""

from pathlib import Path

import numpy as np
import pytest
from held_out_shop import candidate, given, shop_rows
from quality_judge import against, figures, judge_lists, opened, peer_outcome, truths_of
from quality_pairs import lift_partners, measure_pairs
from running import open_context
from scipy.sparse import csr_matrix

from cfdist.algorithms.csr import CsrBlock
from cfdist.evaluation.evaluate import compare
from cfdist.evaluation.metrics.pairs import pair_hit_rate
from cfdist.evaluation.partners import measure_partners
from cfdist.stages.ingest import ingest


def test_lists_of_the_product_have_the_same_values_as_a_peer_s(tmp_path: Path) -> None:
    with open_context(tmp_path, shop_rows(), given()) as context:
        found = compare(context, ingest(context), [candidate("popular"), candidate("latent")])
        fold, outcome = found.reporting, found.outcomes[1]
        measured = outcome.measured[fold.name]
        blocks = context.client.gather(list(measured.recommendations.lists))
        lists = np.concatenate([block["articles"][block["row_of_user"]] for block in blocks])
        peer = peer_outcome("peer", {"factors": 3})
        peer.measured[fold.name] = judge_lists(context, truths_of(context, fold), lists)
        for kind in ("new", "all"):
            for metric, values in measured.values[kind].items():
                again = peer.measured[fold.name].values[kind][metric]
                np.testing.assert_array_equal(again, values)
        level = against(context, fold, outcome, peer, "new", "recall@10")
        assert level[:3] == (0, 0, 0)
        ahead = against(context, fold, outcome, found.outcomes[0], "new", "recall@10")
        shown = figures(context, fold, outcome, "new", ["recall@10"])["recall@10"]
        popular = figures(context, fold, found.outcomes[0], "new", ["recall@10"])["recall@10"]
        assert ahead.mean == pytest.approx(shown.mean - popular.mean)
        assert ahead.mean != 0


def test_a_run_is_opened_without_a_dashboard(tmp_path: Path) -> None:
    with opened({"ingest": {"input": str(tmp_path)}}) as context:
        assert not context.config.cluster.dashboard
        assert context.config.cluster.workers == 0


def test_pairs_of_the_product_are_judged_as_the_product_judges_them(tmp_path: Path) -> None:
    with open_context(tmp_path, shop_rows(), given()) as context:
        found = compare(context, ingest(context), [candidate("popular")])
        wanted = measure_partners(context, found.reporting)
        measured = measure_pairs(context, found.reporting)
        assert measured["n_baskets"] == wanted["n_baskets"]
        for relation in ("bought_together", "similar"):
            assert measured["figures"][relation]._asdict() == wanted[f"{relation} hit@10"]
        assert list(measured["ahead"]) == list(measured["figures"])[1:]
        for name, ahead in measured["ahead"].items():
            means = (measured["figures"][n].mean for n in ("bought_together", name))
            assert ahead.mean == pytest.approx(next(means) - next(means))


@pytest.mark.parametrize("least_count", [1, 2])
def test_partners_by_lift(least_count: int) -> None:
    rng = np.random.default_rng(0)
    dense = rng.random((30, 9)) < 0.3
    baskets = csr_matrix(dense.astype(np.float32) * 2.5)
    found = lift_partners(baskets, 4, least_count=least_count)
    together = dense.T.astype(int) @ dense.astype(int)
    sizes = dense.sum(axis=0)
    for a in range(9):
        wanted = [b for b in range(9) if b != a and together[a, b] >= least_count]
        wanted.sort(key=lambda b: (-(together[a, b] / sizes[b]), -together[a, b], b))
        wanted = (wanted + [-1] * 4)[:4]
        assert found[a].tolist() == wanted
    block = CsrBlock(
        baskets.data, baskets.indices.astype(np.int32), baskets.indptr.astype(np.int64), (30, 9)
    )
    assert np.nanmax(pair_hit_rate(found, block, (4,))) > 0  # the shapes fit together
