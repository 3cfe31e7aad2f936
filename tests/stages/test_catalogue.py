"""What lists may hold: read from files, told in numbers, kept under a key of what they say."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from running import open_context
from small_shop import fit, with_settings

from cfdist.config import Config
from cfdist.errors import ConfigError, DataError
from cfdist.stages.catalogue import catalogue, check_id_lists
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import Interactions

IDS = [1, 2, 3, 4, 5, 6]
COLUMNS = {"user_id": [7, 7, 7, 8, 8, 8, 9, 9], "article_id": [1, 2, 3, 4, 5, 6, 1, 4]}
JULY = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp() * 1e6)


@pytest.fixture
def shop(tmp_path):
    """A fitting of six articles; the articles table is written by the tests."""
    with open_context(tmp_path, COLUMNS, {"recommend": {"n_recommendations": 3}}) as context:
        context.now_us = JULY
        yield fit(context)


def write_table(folder, **columns):
    pq.write_table(pa.table({"article_id": IDS} | columns), folder / "articles.parquet")


def write_list(folder, *ids: object, name: str = "list.txt") -> str:
    (folder / name).write_text("".join(f"{i}\n" for i in ids))
    return str(folder / name)


def arrays(fitting: Fitting) -> dict[str, list]:
    return {name: values.tolist() for name, values in catalogue(fitting).articles.result().items()}


def test_without_rules_nothing_is_made(shop, tmp_path):
    write_table(tmp_path, category=["a"] * 6, variant_of=[None] * 6)
    found = catalogue(shop)
    assert (found.has_rules, found.has_limits, found.articles) == (False, False, None)
    assert "catalogue" not in shop.context.seconds


def test_deny_and_allow(shop, tmp_path):
    deny, allow = write_list(tmp_path, 2, 3), write_list(tmp_path, *range(2, 7), name="allow.txt")
    fitting = with_settings(shop, deny=deny, allow=allow)
    assert arrays(fitting)["allowed"] == [False, False, False, True, True, True]
    meta = catalogue(fitting).meta
    assert (meta["n_denied"], meta["n_not_allowed"], meta["n_allowed"]) == (2, 1, 3)
    assert meta["capacity"] == 3
    assert not catalogue(fitting).has_limits
    assert not shop.context.notes


def test_ids_that_are_unknown_are_counted_and_five_are_named(shop, tmp_path):
    deny = write_list(tmp_path, 1, "01", *range(10, 16))
    catalogue(with_settings(shop, deny=deny))
    assert shop.context.notes == [
        f"recommend.deny = '{deny}': 7 of 8 ids are in no interaction: 01, 10, 11, 12, 13 "
        "and 2 more"
    ]


def test_train_rows_of_an_evaluation_are_silent_about_unknown_ids(shop, tmp_path):
    rows = shop.interactions
    train = Interactions(rows.key, {**rows.meta, "as_of_us": None}, rows.parts)
    fitting = Fitting(with_settings(shop, deny=write_list(tmp_path, 1, 99)).context, train)
    assert catalogue(fitting).meta["n_denied"] == 1
    assert not shop.context.notes


def test_ids_that_are_text_match_exactly(tmp_path):
    columns = COLUMNS | {"article_id": ["1", "01", "c", "d", "e", "f", "1", "d"]}
    deny = write_list(tmp_path, "01", "F")
    with open_context(tmp_path, columns, {"recommend": {"deny": deny}}) as context:
        fitting = fit(context)
        assert arrays(fitting)["allowed"] == [False, True, True, True, True, True]
        assert context.notes[0].endswith("1 of 2 ids are in no interaction: F")


@pytest.mark.parametrize("name", ["allow", "deny"])
def test_a_list_that_is_not_there_is_found_early(shop, tmp_path, name):
    config = Config.load(None, {"recommend": {name: str(tmp_path / "none.txt")}})
    with pytest.raises(DataError, match=f"recommend.{name} = '{tmp_path}/none.txt': there is no"):
        check_id_lists(config)
    with pytest.raises(DataError, match="there is no such file"):
        catalogue(with_settings(shop, **{name: str(tmp_path / "none.txt")}))
    check_id_lists(Config.load(None, {"recommend": {name: ""}}))
    assert not catalogue(with_settings(shop, **{name: ""})).has_rules


def test_an_empty_allow_list_is_an_error(shop, tmp_path):
    with pytest.raises(DataError, match="there are no ids in the file"):
        catalogue(with_settings(shop, allow=write_list(tmp_path, "article_id")))


def test_nothing_left_is_an_error_with_numbers(shop, tmp_path):
    write_table(tmp_path, available_until=[datetime(2026, 7, 1)] * 2 + [None] * 4)
    allow, deny = write_list(tmp_path, 1, 2, 3), write_list(tmp_path, 3, name="deny.txt")
    with pytest.raises(DataError) as error:
        catalogue(with_settings(shop, allow=allow, deny=deny))
    assert error.value.message == (
        "none of 6 articles may be recommended: 1 on recommend.deny, 3 not on recommend.allow, "
        "2 no longer available"
    )


def test_too_little_for_full_lists_is_told(shop, tmp_path):
    write_table(
        tmp_path, category=["a", "a", "a", "b", "b", "b"], variant_of=[None, 1, 1, *[4] * 3]
    )
    fitting = with_settings(shop, allow=write_list(tmp_path, 1, 2, 4, 5), max_per_category=1)
    assert catalogue(fitting).meta["capacity"] == 2
    assert shop.context.notes == [
        "a list can have 2 of 3 entries: 4 of 6 articles of 2 families may be recommended "
        "(2 not on recommend.allow; at most 1 of one category)"
    ]


# the articles table


def test_available_until_is_the_first_moment_without(shop, tmp_path):
    write_table(tmp_path, available_until=[
        datetime(2026, 6, 30), datetime(2026, 7, 1), datetime(2026, 7, 1, 0, 0, 0, 1), None, None,
        datetime(2027, 1, 1),
    ])  # fmt: skip
    assert arrays(shop)["allowed"] == [False, False, True, True, True, True]
    assert catalogue(shop).meta["n_unavailable"] == 2


def test_held_out_purchases_are_predicted_from_their_own_moment(shop, tmp_path):
    """What is gone today was there to be bought then."""
    write_table(tmp_path, available_until=[datetime(2026, 5, 1)] + [None] * 5)
    rows = shop.interactions
    for as_of, has_rules in ((datetime(2026, 4, 1), False), (datetime(2026, 6, 1), True)):
        as_of_us = int(as_of.replace(tzinfo=UTC).timestamp() * 1e6)
        train = Interactions(rows.key, {**rows.meta, "as_of_us": as_of_us}, rows.parts)
        assert catalogue(Fitting(shop.context, train)).has_rules == has_rules


def test_families_are_a_variant_and_what_it_is_a_variant_of(shop, tmp_path):
    """Article 2 is a variant of 1, articles 3 and 4 of something that nobody bought."""
    write_table(tmp_path, variant_of=[None, "1", "99", "99", None, ""])
    family = arrays(shop)["family"]
    assert family[0] == family[1]
    assert family[2] == family[3]
    assert len(set(family)) == 4
    assert catalogue(shop).has_limits
    assert not catalogue(with_settings(shop, one_per_variant=False)).has_rules


def test_categories_are_those_of_articles_that_were_trained_on(shop, tmp_path):
    table = {
        "article_id": [*IDS, 7], "category": ["b", "c", None, "b", "c", "c", "a"],
        "variant_of": [None, 1, 1, None, None, None, None],
    }  # fmt: skip
    pq.write_table(pa.table(table), tmp_path / "articles.parquet")
    fitting = with_settings(shop, max_per_category=1)
    assert arrays(fitting)["category"] == [0, 0, 0, 0, 1, 1], "article 2 is a variant of 1"
    assert catalogue(fitting).meta["n_categories"] == 2
    alone = with_settings(shop, max_per_category=1, one_per_variant=False)
    assert arrays(alone)["category"] == [0, 1, -1, 0, 1, 1]


@pytest.mark.parametrize("columns", [{}, {"category": pa.nulls(6, pa.string())}])
def test_a_limit_of_categories_needs_some(shop, tmp_path, columns):
    write_table(tmp_path, **columns)
    with pytest.raises(ConfigError, match=r"recommend.max_per_category = 2, but no article"):
        catalogue(with_settings(shop, max_per_category=2))


# the key


def test_the_key_is_of_what_the_files_say(shop, tmp_path):
    fitting = with_settings(shop, deny=write_list(tmp_path, 1, 2))
    key = catalogue(fitting).key
    write_list(tmp_path, 2, 1, 1, "unknown")
    assert catalogue(fitting).key == key
    write_list(tmp_path, 2)
    assert catalogue(fitting).key != key


def test_time_changes_the_key_only_where_it_ends_something(shop, tmp_path):
    write_table(tmp_path, available_until=[datetime(2026, 7, 1), datetime(2026, 7, 3), *[None] * 4])
    keys = set()
    for days in (0, 1, 3):
        shop.context.now_us = JULY + days * 86_400_000_000
        keys.add(catalogue(shop).key)
    assert len(keys) == 2


def test_a_complete_catalogue_is_resumed(tmp_path):
    given = {"recommend": {"deny": write_list(tmp_path, 1)}}
    for _ in range(2):
        with open_context(tmp_path, COLUMNS, given, keep=True) as context:
            assert arrays(fit(context))["allowed"] == [False] + [True] * 5
    assert "catalogue" in context.resumed
