"""Each figure that is out of the ordinary gets its sentence, and a healthy table none."""

from dataclasses import replace
from typing import Any

import pytest

from cfdist.cli.starter_file import SECTIONS
from cfdist.config import Config
from cfdist.input.advice import advise
from cfdist.input.profile import Profile, Spread

GOOD = Profile(
    scope="", estimated=False, rows_in=1_000_000, rows_used=990_000, dropped={}, first_date="2024",
    last_date="2025", n_users=200_000, n_users_with_one_article=50_000, n_articles=5_000,
    n_pairs=900_000, density=0.0009, interactions_per_user=Spread(3, 10, 400), repeated_share=0.1,
    duplicate_share=0.0, top_ten_share=0.1, n_null_users=0, n_returns=5_000,
    basket_kind="basket_id", n_baskets=500_000, n_null_baskets=0,
    articles_per_basket=Spread(2, 5, 60), large_basket_share=0.0,
)  # fmt: skip
MANY_EACH = {"n_users_with_one_article": 0}


def advice_on(**figures: Any) -> dict[str, str]:
    found = advise(replace(GOOD, **figures), Config.load(None))
    return {advice.setting: advice.text for advice in found}


def test_a_healthy_table_gets_no_advice() -> None:
    assert advice_on() == {}


@pytest.mark.parametrize(
    ("figures", "setting", "text"),
    [
        ({"rows_used": 380_000}, "ingest.max_dropped_share", "set max_dropped_share = 0.65"),
        ({"n_returns": 20_000}, "ingest.returns", '20,000 rows (2.0%) are returns: "drop" leaves'),
        ({"duplicate_share": 0.01}, "matrix.aggregate", "1.0% of the lines repeat another one"),
        ({"top_ten_share": 0.4}, "recommend.method", "ten articles make 40% of the interactions"),
        (
            {"n_users_with_one_article": 150_000},
            "neighbors.n_similar_users",
            "most users have one article: similar users will be coarse; often bought together "
            "works all the same",
        ),
        ({"n_null_users": 250_000}, "ingest.columns", "25.0% of the rows have no user: they still"),
        (
            {"interactions_per_user": Spread(2, 4, 99_000)},
            "ingest.columns",
            "one user has 10% of the interactions: if it is a till",
        ),
        ({"n_articles": 30}, "factorize.n_components", "at most 30 components"),
        (
            {"n_users": 9_000} | MANY_EACH,
            "experiment.sample_percent",
            "takes all of the 9,000 users",
        ),
        (
            {"n_users": 90_000} | MANY_EACH,
            "experiment.sample_percent",
            "10% of 90,000 users are few",
        ),
        ({"n_users": 9_000_000}, "experiment.sample_percent", "1.11% are 99,900 users already"),
        (
            {"basket_kind": "what a user takes on a day"},
            "ingest.columns",
            "there is no basket column: what a user takes on a day is one basket",
        ),
        ({"n_null_baskets": 900_000}, "ingest.columns", "90% of the rows have no basket"),
        (
            {"large_basket_share": 0.02, "articles_per_basket": Spread(2, 5, 900)},
            "ingest.max_basket_articles",
            "2.0% of the baskets hold more than 200 articles, up to 900",
        ),
        (
            {"articles_per_basket": Spread(1, 2, 9)},
            "recommend.min_pair_count",
            "try min_pair_count = 2",
        ),
    ],
)
def test_advice(figures: dict[str, Any], setting: str, text: str) -> None:
    found = advice_on(**figures)
    assert list(found) == [setting]
    assert text in found[setting]


def test_advice_holds_back_what_the_figures_cannot_say() -> None:
    # without a date a line that repeats is a purchase; a part of the users is no sample size
    assert advice_on(duplicate_share=0.5, first_date=None) == {}
    assert advice_on(n_users=9_000_000, scope="4 of 10 parts") == {}
    assert advice_on(n_returns=9_999, n_null_users=999, top_ten_share=0.29) == {}


def test_rows_without_a_user_and_without_baskets() -> None:
    nobody: dict[str, Any] = {"n_null_users": 250_000, "basket_kind": "all that a user took"}
    first, second = advise(replace(GOOD, **nobody), Config.load(None))
    assert first.text.endswith(
        "with a basket column they could still count for often bought together"
    )
    assert second.text == "there is no basket column: all that a user took is one basket"


def test_every_piece_of_advice_has_its_place_in_the_file() -> None:
    places = {f"{section}.{key}" for section, (_, keys) in SECTIONS.items() for key in keys}
    bad = {
        "rows_used": 1, "n_returns": 999_999, "duplicate_share": 1.0, "top_ten_share": 1.0,
        "n_users_with_one_article": 200_000, "n_articles": 1, "n_users": 10, "n_null_users": 9_999,
        "articles_per_basket": Spread(1, 1, 999), "large_basket_share": 0.1,
    }  # fmt: skip
    assert set(advice_on(**bad)) - places == {"ingest.columns"}
    assert "ingest.columns" in SECTIONS
