import numpy as np
import pytest
from running import open_context
from small_shop import (
    fit,
    lists_by_user,
    owned_by_user,
    shop_rows,
    with_settings,
    write_articles,
)

from cfdist.algorithms.rules import Rules, capacity
from cfdist.errors import ConfigError
from cfdist.pipeline import run_stages
from cfdist.schema import RECOMMENDERS
from cfdist.stages import ingest
from cfdist.stages.catalogue import catalogue
from cfdist.stages.recommend import recommend

METHODS = ("user_neighbors", "item_neighbors", "latent", "spectral", "popular")
RULES = {
    "denied": {"one_per_variant": False},
    "families": {},
    "categories": {"max_per_category": 2, "one_per_variant": False},
    "both": {"max_per_category": 1},
}


def test_user_neighbors_by_hand(tmp_path):
    """Users 1 and 2 are alike; 2 also took article 13, which is what 1 is told."""
    columns = {
        "user_id": [1, 1, 2, 2, 2, 3, 3, 4, 4],
        "article_id": [10, 11, 10, 11, 13, 20, 21, 20, 22],
    }
    given = {"factorize": {"n_components": 4}, "recommend": {"n_recommendations": 2}}
    with open_context(tmp_path, columns, given) as context:
        results = run_stages(context)
        users = np.concatenate([np.asarray(f.result()) for f in results.index.parts["user_ids"]])
        articles = np.asarray(results.index.article_ids.result())
        lists = results.recommendations.lists[0].result()
        row = lists["row_of_user"][users.tolist().index(1)]
        assert articles[lists["articles"][row][0]] == 13
        assert RECOMMENDERS[lists["sources"][row][0]] == "user_neighbors"
        assert lists["scores"][row][0] == pytest.approx(np.log(2), rel=0.02)


def test_small_catalogues_give_short_lists_and_say_so(tmp_path):
    columns = {"user_id": [1, 1, 2, 2, 3], "article_id": [1, 2, 2, 3, 1]}
    given = {"factorize": {"n_components": 2}, "recommend": {"n_recommendations": 10}}
    with open_context(tmp_path, columns, given) as context:
        results = run_stages(context)
        made = results.recommendations.meta
        assert made["n_recommendations"] == 3
        assert made["n_short_lists"] == 3
        assert sum(made["n_by_source"].values()) == 4, "3 users × 3 articles less 5 owned"


# rules


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop whose articles 100 and 105 are denied."""
    folder = tmp_path_factory.mktemp("shop")
    write_articles(folder)
    (folder / "deny.txt").write_text("100\n105\n")
    given = {
        "factorize": {"n_components": 8},
        "recommend": {"n_recommendations": 6, "deny": str(folder / "deny.txt")},
    }
    with open_context(folder, shop_rows(), given) as context:
        context.memory = {}
        yield fit(context)


def rules_of(fitting) -> Rules:
    found = catalogue(fitting).articles.result()
    return Rules(**found, max_per_category=fitting.context.config.recommend.max_per_category or 0)


def fits(rules: Rules, listed: list[int]) -> bool:
    categories = rules.category[listed]
    counts = np.bincount(categories[categories >= 0], minlength=1)
    within = not rules.max_per_category or counts.max() <= rules.max_per_category
    once = len(set(rules.family[listed])) == len(listed)
    return bool(within and once and rules.allowed[listed].all())


def longest(rules: Rules, owned: set[int]) -> int:
    """Entries of the longest list for somebody who has these articles."""
    free = rules.allowed & ~np.isin(np.arange(len(rules.allowed)), list(owned))
    return capacity(rules._replace(allowed=free))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", RULES)
def test_never_denied_never_owned_within_the_rules_and_full(shop, method, name):
    fitting = with_settings(shop, method=method, **RULES[name])
    made = recommend(fitting)
    rules, ids = rules_of(fitting), fitting.index.article_ids.result().to_pylist()
    assert catalogue(fitting).has_limits == (name != "denied")
    owned = owned_by_user(fitting)
    n_short = 0
    for user, entries in lists_by_user(fitting, made).items():
        listed = [ids.index(article) for article, _, _ in entries]
        mine = {ids.index(article) for article in owned[user]}
        assert {ids.index(100), ids.index(105)}.isdisjoint(listed)
        assert mine.isdisjoint(listed)
        assert fits(rules, listed)
        assert len(listed) == min(6, longest(rules, mine))
        n_short += len(listed) < 6
        chain = [RECOMMENDERS.index(source) for _, _, source in entries]
        assert chain == sorted(chain, key=[*dict.fromkeys(chain)].index), "sources in their order"
    assert made.meta["n_short_lists"] == n_short
    if method != "popular":
        assert made.meta["n_by_source"][method] > 0


@pytest.mark.parametrize("method", METHODS)
def test_a_ruled_list_is_the_unruled_ranking_less_what_is_ruled_out(shop, method):
    """What the method itself lists: its whole ranking, thinned in order."""
    ranking = with_settings(shop, method=method, n_recommendations=40, one_per_variant=False)
    ruled = with_settings(shop, method=method, max_per_category=1)
    whole = lists_by_user(ranking, recommend(ranking, filled=False))
    found = lists_by_user(ruled, recommend(ruled, filled=False))
    rules, ids = rules_of(ruled), ruled.index.article_ids.result().to_pylist()
    for user, entries in whole.items():
        thinned: list = []
        for entry in entries:
            listed = [ids.index(article) for article, _, _ in [*thinned, entry]]
            if len(thinned) < 6 and fits(rules, listed):
                thinned.append(entry)
        assert found[user] == thinned


def test_a_variant_of_what_the_user_has_may_be_listed(shop):
    fitting = with_settings(shop, method="popular")
    rules, ids = rules_of(fitting), fitting.index.article_ids.result().to_pylist()
    owned = owned_by_user(fitting)
    entries = lists_by_user(fitting, recommend(fitting))
    families = {
        user: {rules.family[ids.index(article)] for article in articles}
        for user, articles in owned.items()
    }
    assert any(
        rules.family[ids.index(article)] in families[user]
        for user, listed in entries.items()
        for article, _, _ in listed
    )


def test_any_number_of_blocks_gives_the_same_lists(tmp_path, monkeypatch):
    write_articles(tmp_path)
    given = {
        "factorize": {"n_components": 8},
        "recommend": {"max_per_category": 2, "owned": "include"},
    }
    found = []
    for blocks in (1, 3, 8):
        monkeypatch.setattr(ingest, "n_blocks", lambda rows, blocks=blocks: blocks)
        with open_context(tmp_path, shop_rows(), given) as context:
            fitting = fit(context)
            assert len(fitting.matrix.blocks) == blocks
            lists = [
                lists_by_user(chosen, recommend(chosen))
                for method in ("item_neighbors", "history", "popular")
                for chosen in [with_settings(fitting, method=method)]
            ]
            found.append(lists)
    assert found[0][1:] == found[1][1:] == found[2][1:]
    articles = [
        {user: [entry[0] for entry in listed] for user, listed in lists[0].items()}
        for lists in found
    ]
    assert articles[0] == articles[1] == articles[2]


# the user's own history


def test_history_lists_what_was_bought_most_and_last(tmp_path):
    columns = {
        "user_id": [1, 1, 1, 1, 2, 2, 3],
        "article_id": [10, 10, 11, 12, 11, 11, 13],
        "timestamp": np.array(
            ["2026-01-01", "2026-01-02", "2026-04-02", "2026-04-01", "2026-01-02", "2026-01-02",
             "2026-04-02"], "M8[us]",
        ),
    }  # fmt: skip
    given = {
        "factorize": {"n_components": 2}, "matrix": {"weighting": "none"},
        "recommend": {"n_recommendations": 3, "owned": "include"},
    }  # fmt: skip
    with open_context(tmp_path, columns, given) as context:
        fitting = with_settings(fit(context), method="history")
        entries = lists_by_user(fitting, recommend(fitting))
    assert entries[1] == [
        (10, 2 * 0.5, "history"), (11, 1.0, "history"),
        (12, pytest.approx(2 ** (-1 / 90)), "history"),
    ]  # fmt: skip
    assert entries[2][0] == (11, 2 * 0.5, "history")
    assert [source for _, _, source in entries[2]] == ["history", "popular", "popular"]


def test_history_needs_lists_that_may_hold_it(shop):
    with pytest.raises(ConfigError, match=r"recommend.owned = 'exclude' forbids that"):
        recommend(with_settings(shop, method="history"))


def test_equal_weights_with_other_dates_have_other_lists(tmp_path):
    """Users 1 and 2 have one history, in another order."""
    columns = {
        "user_id": [1, 1, 2, 2, 3],
        "article_id": [10, 11, 10, 11, 12],
        "timestamp": np.array(
            ["2026-01-01", "2026-03-01", "2026-03-01", "2026-01-01", "2026-03-01"], "M8[us]"
        ),
    }
    given = {
        "factorize": {"n_components": 2},
        "recommend": {"n_recommendations": 2, "owned": "include"},
    }
    with open_context(tmp_path, columns, given) as context:
        fitting = with_settings(fit(context), method="history")
        entries = lists_by_user(fitting, recommend(fitting))
    assert [entry[0] for entry in entries[1]] == [11, 10]
    assert [entry[0] for entry in entries[2]] == [10, 11]
