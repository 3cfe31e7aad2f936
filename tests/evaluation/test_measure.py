"""Figures of the lists and of categories, from lists and truth that are counted by hand."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from held_out_shop import SlowShop, candidate, given, shop_rows
from running import open_context

from cfdist.evaluation.document import document
from cfdist.evaluation.evaluate import compare, winner
from cfdist.stages.ingest import ingest

CATEGORY_OF = {100 + i: None if i % 7 == 6 else f"cat {i % 4}" for i in range(36)}
NAME_OF = {100 + i: None if i % 5 == 0 else f"article no {i}" for i in range(36)}


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """The shop with an articles table: context, comparison and document of `popular`."""
    import pyarrow as pa

    folder = tmp_path_factory.mktemp("named")
    ids = sorted(CATEGORY_OF)
    table = {
        "article_id": ids, "category": [CATEGORY_OF[i] for i in ids],
        "name": [NAME_OF[i] for i in ids],
    }  # fmt: skip
    pq.write_table(pa.table(table), folder / "articles.parquet")
    with open_context(folder, shop_rows(), given()) as context:
        found = compare(context, ingest(context), [candidate("popular")])
        yield found, document(context, found, winner(found))


@pytest.fixture(scope="module")
def slow():
    return SlowShop(shop_rows())


def test_categories_count_hits_and_held_out_articles(named, slow):
    _, told = named
    lists, truths = slow.popular_lists(10), slow.truth("new")
    held: dict = {}
    for user, truth in truths.items():
        for article in truth:
            counts = held.setdefault(CATEGORY_OF[article], [0, 0])
            counts[0] += article in lists[user]
            counts[1] += 1
    held.pop(None)
    rows = told["candidates"][0]["categories"]
    assert {row["category"]: (row["n"], row["hit_rate"]) for row in rows} == {
        name: (n, pytest.approx(hits / n)) for name, (hits, n) in held.items()
    }


def test_coverage_and_head_are_those_of_all_lists(named, slow):
    _, told = named
    listed = {a for articles in slow.popular_lists(5).values() for a in articles}
    assert told["candidates"][0]["lists"]["coverage@5"] == pytest.approx(
        len(listed) / len(slow.known)
    )


def test_examples_show_histories_lists_and_hits_by_name(named, slow):
    _, told = named
    examples = told["examples"]
    assert len(examples) == 10
    assert len({example["user"] for example in examples}) == 10
    for example in examples:
        user = int(example["user"])
        owned = sorted(slow.owned[user])
        assert example["history"] == [NAME_OF[a] or str(a) for a in owned][:8]
        articles = [int(entry["article"]) for entry in example["entries"]]
        assert articles == slow.popular_lists(10)[user]
        truth = slow.truth("new")[user]
        assert [entry["hit"] for entry in example["entries"]] == [a in truth for a in articles]
        for entry in example["entries"]:
            assert (
                entry["name"] == NAME_OF[int(entry["article"])]
                or entry["name"] == (entry["article"])
            )
            assert entry["source"] == "popular"


def test_values_are_of_all_users_and_nan_for_who_is_not_judged(found, outcomes):
    n = found.reporting.base.index.n_users
    for kind in ("new", "all"):
        for values in outcomes["popular"].measured["report"].values[kind].values():
            assert values.shape == (n, 3)
            judged = ~np.isnan(values[:, 0])
            assert judged.sum() == getattr(found.reporting.counts, kind).n_users
            assert np.array_equal(judged, ~np.isnan(values[:, 2]))


def test_without_filling_lists_are_what_the_method_says(tmp_path):
    more = given(filled=False)
    with open_context(tmp_path, shop_rows(), more) as context:
        found = compare(context, ingest(context), [candidate("user_neighbors")])
        (outcome,) = found.outcomes
        made = outcome.measured["report"].recommendations.meta["n_by_source"]
    assert {source for source, n in made.items() if n} == {"user_neighbors"}
