"""All metrics per user: against definitions in plain Python and against ranx."""

import importlib
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted, take_rows
from cfdist.errors import ConfigError
from cfdist.evaluation.metrics import METRICS, parse_metric, per_user

KS = (1, 2, 4, 7)
N_ARTICLES = 9


def block_of(held_out: list[set[int]], n_articles: int = N_ARTICLES) -> CsrBlock:
    pairs = [(row, article) for row, held in enumerate(held_out) for article in sorted(held)]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return csr_from_sorted(rows, columns, np.ones(len(rows)), (len(held_out), n_articles))


# A user: seven ranked places, some of them empty anywhere, and what was held out.
some_user = st.tuples(
    st.permutations([*range(N_ARTICLES), -1, -1, -1]).map(lambda ranked: ranked[:7]),
    st.sets(st.integers(0, N_ARTICLES - 1)),
)
some_users = st.lists(some_user, min_size=1, max_size=6)


def arrays(users: list[tuple[list[int], set[int]]]) -> tuple[np.ndarray, CsrBlock]:
    lists, held_out = zip(*users, strict=True)
    return np.array(lists, dtype=np.int64), block_of(list(held_out))


def by_definition(name: str, ranked: list[int], held: set[int], k: int) -> float:
    """One metric of one user, from the list and the set."""
    if not held:
        return math.nan
    ranks = [rank for rank, article in enumerate(ranked[:k], start=1) if article in held]
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(held)) + 1))
    precisions = [place / rank for place, rank in enumerate(ranks, start=1)]
    return {
        "recall": len(ranks) / len(held),
        "bounded_recall": len(ranks) / min(k, len(held)),
        "precision": len(ranks) / k,
        "ndcg": sum(1 / math.log2(rank + 1) for rank in ranks) / ideal,
        "map": sum(precisions) / min(k, len(held)),
        "mrr": 1 / ranks[0] if ranks else 0.0,
        "hit_rate": float(bool(ranks)),
    }[name]


@settings(deadline=None)
@given(users=some_users)
def test_every_metric_is_its_definition(users) -> None:
    found = per_user(*arrays(users), KS, METRICS)
    assert list(found) == list(METRICS)
    for name, values in found.items():
        expected = [[by_definition(name, *user, k) for k in KS] for user in users]
        assert np.allclose(values, expected, rtol=0, atol=1e-12, equal_nan=True), name


@settings(deadline=None)
@given(users=some_users)
def test_values_lie_between_0_and_1_and_more_places_find_more(users) -> None:
    lists, truth = arrays(users)
    judged = np.diff(truth.indptr) > 0
    found = {name: v[judged] for name, v in per_user(lists, truth, KS, METRICS).items()}
    for values in found.values():
        assert ((values >= 0) & (values <= 1)).all()
    for name in ("recall", "mrr", "hit_rate"):
        assert (np.diff(found[name], axis=1) >= 0).all()
    assert (found["bounded_recall"] >= found["recall"]).all()
    assert ((found["ndcg"] > 0) == (found["hit_rate"] > 0)).all()


@settings(deadline=None)
@given(users=some_users, seed=st.integers(0, 9), cut=st.integers(0, 6))
def test_neither_order_nor_blocks_of_users_change_a_value(users, seed: int, cut: int) -> None:
    lists, truth = arrays(users)
    order = np.random.default_rng(seed).permutation(len(users))
    parts = [
        per_user(lists[rows], take_rows(truth, rows), KS, METRICS)
        for rows in (order[:cut], order[cut:])
    ]
    for name, values in per_user(lists, truth, KS, METRICS).items():
        turned = np.concatenate([part[name] for part in parts])
        assert np.array_equal(turned, values[order], equal_nan=True), name


def test_the_ideal_list_scores_1_everywhere_but_in_recall() -> None:
    held_out = [{5, 2, 7}, {0, 1, 2, 3, 4, 5, 6, 7, 8}]
    lists = np.array([[7, 5, 2], [8, 0, 4]])
    found = per_user(lists, block_of(held_out), (1, 3), METRICS)
    for name in METRICS.keys() - {"recall"}:
        assert found[name].tolist() == [[1.0, 1.0], [1.0, 1.0]], name
    assert found["recall"].ravel().tolist() == pytest.approx([1 / 3, 1, 1 / 9, 1 / 3])


def test_an_empty_list_counts_0_and_a_user_without_truth_not_at_all() -> None:
    lists = np.array([[-1, -1], [3, 1]])
    for name, values in per_user(lists, block_of([{3}, set()]), (1, 2), METRICS).items():
        assert values[0].tolist() == [0.0, 0.0], name
        assert np.isnan(values[1]).all(), name


def test_only_what_is_asked_is_computed() -> None:
    assert list(per_user(np.array([[3]]), block_of([{3}]), (1,), ["mrr", "ndcg"])) == [
        "mrr",
        "ndcg",
    ]
    assert per_user(np.empty((0, 2), np.int64), block_of([]), (1, 2), ["map"])["map"].shape == (
        0,
        2,
    )


def test_ranks_beyond_the_lists_are_refused() -> None:
    for name in METRICS:
        with pytest.raises(ValueError, match="rank 3 in lists of 2 places"):
            per_user(np.array([[3, 1]]), block_of([{3}]), (1, 3), [name])


@pytest.mark.parametrize(
    ("text", "expected"), [("recall@10", ("recall", 10)), ("hit_rate@1", ("hit_rate", 1))]
)
def test_a_metric_is_a_name_and_a_rank(text: str, expected: tuple[str, int]) -> None:
    assert parse_metric(text) == expected


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("recal@10", "did you mean 'recall'?"),
        ("NDCG@10", "did you mean 'ndcg'?"),
        ("hitrate@5", "did you mean 'hit_rate'?"),
        ("xyz@10", "there are recall, bounded_recall, precision, ndcg, map, mrr, hit_rate"),
        ("@10", "there are recall, "),
        ("recall", "write for example recall@10"),
        ("recall@", "write for example recall@10"),
        ("recall@0", "write for example recall@10"),
        ("recall@-3", "write for example recall@10"),
        ("recall@1.5", "write for example recall@10"),
        ("recall@²", "write for example recall@10"),
        ("recall@10@20", "write for example recall@10"),
    ],
)
def test_what_is_no_metric_is_refused_with_a_remedy(text: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_metric(text)
    assert caught.value.remedy.startswith(remedy)
    assert text.split("@")[0] in caught.value.message


def test_every_metric_is_explained_in_one_sentence() -> None:
    for metric in METRICS.values():
        assert metric.title
        assert metric.meaning.endswith(".")
        assert metric.meaning.count(". ") == 0


def ranx_values(lists: np.ndarray, held_out: list[set[int]], k: int) -> dict[str, np.ndarray]:
    """The same figures by ranx; every user must have a list and something held out."""
    ranx = importlib.import_module("ranx")
    names = ["recall", "precision", "ndcg", "map", "mrr", "hit_rate"]
    qrels, run = {}, {}
    for user, (ranked, held) in enumerate(zip(lists.tolist(), held_out, strict=True)):
        qrels[f"{user:03d}"] = {str(article): 1 for article in held}
        scores = {str(a): 1 / rank for rank, a in enumerate(ranked, 1) if a >= 0}
        run[f"{user:03d}"] = scores or {"nothing": 1.0}
    asked = [f"{name}@{k}" for name in names]
    values = ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), asked, return_mean=False)
    return {name: np.asarray(values[f"{name}@{k}"]) for name in names}


@pytest.mark.slow
@pytest.mark.timeout(900)  # ranx compiles for a minute on an idle machine
def test_values_are_those_of_ranx() -> None:
    """One difference in definition: ranx divides average precision by |truth|, not min(k, it)."""
    pytest.importorskip("ranx", reason="a second opinion; `pip install ranx` enables it")
    rng = np.random.default_rng(5)
    lists = np.array([rng.permutation(30)[:12] for _ in range(80)])
    lists[np.arange(12) >= rng.integers(0, 20, 80)[:, None]] = -1  # short and empty lists
    held_out = [set(rng.permutation(30)[: rng.integers(1, 20)].tolist()) for _ in range(80)]
    n_truth = np.array([len(held) for held in held_out])
    found = per_user(lists, block_of(held_out, 30), (1, 5, 12), METRICS)
    for column, k in enumerate((1, 5, 12)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numba, about ranx's own code
            expected = ranx_values(lists, held_out, k)
        expected["map"] = expected["map"] * n_truth / np.minimum(n_truth, k)
        for name, values in expected.items():
            assert np.allclose(found[name][:, column], values, rtol=0, atol=1e-9), (name, k)
