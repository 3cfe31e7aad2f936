"""The figures of a comparison against counting, its failures, and that nothing is peeked at."""

import numpy as np
import pyarrow as pa
import pytest
from held_out_shop import (
    COLD,
    ONLY_OWNED,
    ONLY_UNREACHABLE,
    PARTLY,
    SPLIT_DATE,
    SlowShop,
    candidate,
    given,
    shop_rows,
)
from running import open_context

from cfdist.algorithms import partitioning
from cfdist.errors import ClusterError
from cfdist.evaluation import evaluate
from cfdist.evaluation.evaluate import compare, standings, winner
from cfdist.schema import RECOMMENDERS
from cfdist.stages.ingest import ingest

KS = (3, 5, 10)


@pytest.fixture(scope="module")
def slow():
    return SlowShop(shop_rows())


def users_of(fold) -> list[int]:
    parts = fold.base.index.parts["user_ids"]
    return [user for part in parts for user in part.result().to_pylist()]


def lists_of(fold, measured) -> dict[int, list[int]]:
    """Articles of every user, by id."""
    ids = fold.base.index.article_ids.result().to_pylist()
    rows = [
        [ids[a] for a in lists["articles"][row].tolist() if a >= 0]
        for block in measured.recommendations.lists
        for lists in [block.result()]
        for row in lists["row_of_user"]
    ]
    return dict(zip(users_of(fold), rows, strict=True))


def per_user(fold, measured, kind: str, metric: str, place: int) -> dict[int, float]:
    values = measured.values[kind][metric][:, place]
    return {u: v for u, v in zip(users_of(fold), values.tolist(), strict=True) if v == v}


@pytest.mark.parametrize("kind", ["new", "all"])
@pytest.mark.parametrize("metric", ["recall", "ndcg"])
@pytest.mark.parametrize("name", ["popular", "user_neighbors", "spectral", "latent alone"])
def test_values_are_those_of_counting_the_rows(found, outcomes, slow, kind, metric, name):
    fold, measured = found.reporting, outcomes[name].measured["report"]
    lists = slow.popular_lists(10) if name == "popular" else lists_of(fold, measured)
    for place, k in enumerate(KS):
        expected = getattr(slow, metric)(lists, kind, k)
        assert len(expected) > 80
        assert per_user(fold, measured, kind, metric, place) == pytest.approx(expected)


def test_popular_lists_are_the_articles_with_most_users(found, outcomes, slow):
    lists = lists_of(found.reporting, outcomes["popular"].measured["report"])
    assert lists == slow.popular_lists(10)


def test_no_list_holds_what_the_user_has_and_all_are_full(found, outcomes, slow):
    for outcome in found.able:
        lists = lists_of(found.reporting, outcome.measured["report"])
        assert lists.keys() == slow.owned.keys()
        for user, listed in lists.items():
            assert not slow.owned[user] & set(listed)
            assert len(set(listed)) == len(listed) == 10


def test_who_is_judged_and_who_is_not(found, slow, told):
    counts = found.reporting.counts.population("new", KS)
    held = slow.taken.keys()
    assert {*COLD} == held - slow.owned.keys()
    assert counts["n_cold_users"] == len(COLD)
    assert counts["n_users_in_test"] == len(held)
    assert ONLY_UNREACHABLE in held
    assert counts["n_nothing_reachable"] == 1
    judged = slow.truth("new")
    assert counts["n_judged"] == len(judged)
    assert counts["n_only_owned"] == len(slow.truth("all")) - len(judged) >= 1
    assert ONLY_OWNED in slow.truth("all").keys() - judged.keys()
    assert PARTLY in judged
    assert counts["n_unreachable_pairs"] == 2
    assert counts["n_pairs"] == sum(map(len, judged.values())) + 2
    best = np.mean([min(3, len(truth)) / len(truth) for truth in judged.values()])
    assert counts["ceiling"]["3"] == pytest.approx(best)
    assert told["population"] == {"window": "report"} | counts


def test_means_in_the_document_are_those_of_the_users(told, slow):
    row = next(row for row in told["candidates"] if row["name"] == "popular")
    for kind in ("new", "all"):
        values = [*slow.recall(slow.popular_lists(5), kind, 5).values()]
        figure = row["metrics"][kind]["recall@5"]
        assert figure["mean"] == pytest.approx(np.mean(values))
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        assert figure["standard_error"] == pytest.approx(error)
        assert figure["n_users"] == len(values)


def test_a_candidate_that_fails_is_told_and_the_others_go_on(found, outcomes, told):
    assert "every weight of recommend.blend is 0" in outcomes["no blend"].error
    assert "recommend.owned = 'exclude' forbids that" in outcomes["history"].error
    assert [o.candidate.name for o in found.able] == [
        "popular", "user_neighbors", "user_neighbors raw", "item_neighbors", "latent",
        "spectral", "latent alone",
    ]  # fmt: skip
    rows = {row["name"]: row for row in told["candidates"]}
    assert list(rows) == [o.candidate.name for o in found.outcomes]
    assert rows["history"]["status"] == "failed"
    assert "metrics" not in rows["history"]
    assert rows["latent"]["status"] == "ok"


def test_any_error_of_a_candidate_is_its_own_but_a_lost_cluster_is_not(
    context, interactions, monkeypatch
):
    def broken(*_, **__):
        raise ZeroDivisionError("by hand")

    monkeypatch.setattr(evaluate, "measure", broken)
    found = compare(context, interactions, [candidate("popular"), candidate("latent")])
    assert [o.error for o in found.outcomes] == ["ZeroDivisionError: by hand"] * 2
    assert winner(found) is None
    assert found.popular is None

    def lost(*_, **__):
        raise ClusterError("the worker died", remedy="again")

    monkeypatch.setattr(evaluate, "measure", lost)
    with pytest.raises(ClusterError, match="the worker died"):
        compare(context, interactions, [candidate("popular")])


def test_the_standings_are_paired_differences_from_the_best(found, outcomes):
    rows = {row.name: row for row in standings(found)}
    values = {name: o.measured["report"].values["new"]["recall"][:, 2] for name, o in
              outcomes.items() if not o.error}  # fmt: skip
    means = {name: np.nanmean(column) for name, column in values.items()}
    best = max(means, key=means.get)
    for name, row in rows.items():
        apart = values[best] - values[name]
        apart = apart[~np.isnan(apart)]
        assert row.mean == pytest.approx(means[name])
        assert row.behind == pytest.approx(apart.mean())
        assert row.standard_error == pytest.approx(apart.std(ddof=1) / np.sqrt(len(apart)))


def test_a_blend_of_one_part_ranks_as_that_part(found, outcomes):
    alone, part = (outcomes[name].measured["report"] for name in ("latent alone", "latent"))
    fold = found.reporting
    assert lists_of(fold, alone) == lists_of(fold, part)
    lists = alone.recommendations.lists[0].result()
    assert {RECOMMENDERS[s] for s in np.unique(lists["sources"])} == {"blend"}


# held-out rows are not peeked at

METHODS = [
    candidate("popular"),
    candidate("user_neighbors"),
    candidate("raw", "user_neighbors", user_neighbors__space="raw"),
    candidate("rp3beta", "item_neighbors", item_neighbors__similarity="rp3beta"),
    candidate("ease", "latent", latent__ease_lambda=5.0),
    candidate("spectral"),
    candidate("blend"),
]


def all_lists(folder, rows, methods=METHODS, more=None) -> tuple[dict, dict]:
    """Lists by candidate and user, and the means."""
    folder.mkdir()
    with open_context(folder, rows, given() | (more or {})) as context:
        found = compare(context, ingest(context), methods)
        assert (len(found.reporting.truths) > 1) == (partitioning.SMALL_BLOCK_ROWS == 200)
        assert [o.error for o in found.outcomes] == [None] * len(methods)
        means = {row.name: (row.mean, row.behind, row.standard_error) for row in standings(found)}
        values = {
            o.candidate.name: {
                kind: {
                    metric: dict(zip(users_of(found.reporting), column.tolist(), strict=True))
                    for metric, column in per_kind.items()
                }
                for kind, per_kind in o.measured["report"].values.items()
            }
            for o in found.able
        }
        lists = {
            o.candidate.name: lists_of(found.reporting, o.measured["report"]) for o in found.able
        }
    return lists, {"means": means, "values": values}


def test_held_out_rows_change_no_list(tmp_path):
    rows = shop_rows()
    other = dict(rows)
    split = np.datetime64(SPLIT_DATE)
    late = np.array([np.datetime64(t.replace(tzinfo=None)) for t in rows["timestamp"].to_pylist()])
    late = (late >= split).tolist()
    rng = np.random.default_rng(1)
    other["article_id"] = [
        int(100 + rng.integers(36)) if is_late else article
        for article, is_late in zip(rows["article_id"], late, strict=True)
    ]
    other["quantity"] = [
        float(rng.integers(1, 9)) if is_late else quantity
        for quantity, is_late in zip(rows["quantity"], late, strict=True)
    ]
    before, figures = all_lists(tmp_path / "a", rows)
    after, others = all_lists(tmp_path / "b", other)
    assert after == before
    assert others["means"]["popular"] != figures["means"]["popular"], "the truth did change"


def same(left, right) -> bool:
    """Equal to the last bit, nan included."""
    return repr(left) == repr(right)


def test_workers_blocks_and_row_order_do_not_matter(tmp_path, monkeypatch):
    rows = shop_rows()
    order = np.random.default_rng(3).permutation(len(rows["user_id"]))
    shuffled = {name: pa.array(values).take(pa.array(order)) for name, values in rows.items()}
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", 200)
    lists, figures = all_lists(tmp_path / "a", rows)
    again, others = all_lists(tmp_path / "b", shuffled)
    assert again == lists
    assert same(others, figures)
    two = {"cluster": {"dashboard": False, "workers": 2, "threads": 1}}
    again, others = all_lists(tmp_path / "c", rows, more=two)
    assert again == lists
    assert same(others, figures)


def test_the_number_of_blocks_changes_figures_by_rounding_only(tmp_path, monkeypatch):
    """Sums run over the blocks; between scores this near nothing should be told apart."""
    monkeypatch.setattr(partitioning, "SMALL_BLOCK_ROWS", 200)
    _, several = all_lists(tmp_path / "a", shop_rows())
    monkeypatch.undo()
    _, one = all_lists(tmp_path / "b", shop_rows())
    for name, figures in one["means"].items():
        assert several["means"][name] == pytest.approx(figures, abs=1e-3), name
    assert several["means"]["popular"] == pytest.approx(one["means"]["popular"], abs=1e-12)
