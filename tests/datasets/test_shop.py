"""The rows of the made-up shop: exact sizes, the tails of a real one, bounded memory."""

from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cfdist.datasets import shop as shop_module
from cfdist.datasets.drawing import FIRST_DAY, LAST_DAY, MAX_BASKET_LINES
from cfdist.datasets.shop import BLOCK_ROWS, Shop, plan_shop


def all_rows(shop: Shop) -> pa.Table:
    return pa.concat_tables(shop.blocks()).combine_chunks()


def column(table: pa.Table, name: str) -> NDArray[Any]:
    return table[name].to_numpy()


@pytest.fixture(scope="module")
def shop_rows() -> pa.Table:
    """A fifth of the reference size: as many rows per user and per article."""
    return all_rows(plan_shop(111_400, 1_460, 328_000, 40, 0))


@settings(max_examples=60, deadline=None)
@given(
    n_users=st.integers(1, 400),
    n_articles=st.integers(1, 400),
    n_interactions=st.integers(1, 2_000),
    n_taste_groups=st.integers(1, 60),
    block_rows=st.sampled_from([64, 500, BLOCK_ROWS]),
)
def test_every_user_and_article_occurs_and_the_rows_are_exact(
    n_users: int, n_articles: int, n_interactions: int, n_taste_groups: int, block_rows: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shop_module, "BLOCK_ROWS", block_rows)
        rows = all_rows(plan_shop(n_users, n_articles, n_interactions, n_taste_groups, 3))
    assert len(rows) == n_interactions
    assert pc.count_distinct(rows["user_id"]).as_py() == min(n_users, n_interactions)
    assert pc.count_distinct(rows["article_id"]).as_py() == min(n_articles, n_interactions)
    assert pc.min(rows["quantity"]).as_py() >= 1


def test_memory_does_not_grow_with_the_shop() -> None:
    huge = plan_shop(10_000_000, 100_000, 100_000_000, 40, 0)
    blocks = list(islice(huge.blocks(), 3))
    assert all(abs(len(block) - BLOCK_ROWS) < 0.01 * BLOCK_ROWS for block in blocks)
    first = np.unique(column(blocks[0], "user_id"))
    assert not np.isin(column(blocks[1], "user_id"), first).any()


def test_blocks_are_drawn_from_seeds_of_their_own() -> None:
    first, second = islice(plan_shop(900_000, 1_000, 3_000_000, 40, 0).blocks(), 2)
    assert first["quantity"].slice(0, 1_000) != second["quantity"].slice(0, 1_000)


def test_users_have_long_tails(shop_rows: pa.Table) -> None:
    rows = np.unique(column(shop_rows, "user_id"), return_counts=True)[1]
    assert np.mean(rows <= 3) > 0.75
    assert rows.max() > 50 * rows.mean()


def test_articles_have_long_tails(shop_rows: pa.Table) -> None:
    rows = np.sort(np.unique(column(shop_rows, "article_id"), return_counts=True)[1])[::-1]
    assert rows[:15].sum() > 0.12 * len(shop_rows)
    assert np.median(rows) < 0.5 * rows.mean()


def test_many_users_share_their_articles(shop_rows: pa.Table) -> None:
    histories = shop_rows.group_by("user_id").aggregate([("article_id", "distinct")])
    shared = {frozenset(articles) for articles in histories["article_id_distinct"].to_pylist()}
    assert 0.5 < len(shared) / len(histories) < 0.75


def test_articles_are_bought_again(shop_rows: pa.Table) -> None:
    pairs = shop_rows.group_by(["user_id", "article_id"]).aggregate([])
    assert 0.05 < 1 - len(pairs) / len(shop_rows) < 0.3


def test_a_basket_is_one_user_at_one_time(shop_rows: pa.Table) -> None:
    baskets = shop_rows.group_by("basket_id").aggregate(
        [("user_id", "count_distinct"), ("timestamp", "count_distinct"), ("user_id", "count")]
    )
    assert pc.max(baskets["user_id_count_distinct"]).as_py() == 1
    assert pc.max(baskets["timestamp_count_distinct"]).as_py() == 1
    lines = column(baskets, "user_id_count")
    assert MAX_BASKET_LINES / 2 < lines.max() <= MAX_BASKET_LINES
    assert 1.3 < lines.mean() < 1.8


def test_the_two_years_have_a_weekly_rhythm(shop_rows: pa.Table) -> None:
    days = column(shop_rows, "timestamp").astype("datetime64[D]")
    assert (days.min(), days.max()) == (FIRST_DAY, LAST_DAY)
    monday_to_sunday = np.bincount((days.astype(np.int64) + 3) % 7)
    assert monday_to_sunday.argmax() == 5
    assert monday_to_sunday.max() > 1.5 * monday_to_sunday.min()


def test_ids_are_not_dense(shop_rows: pa.Table) -> None:
    for name in ("user_id", "article_id"):
        ids = np.unique(column(shop_rows, name))
        assert ids.max() - ids.min() > 5 * len(ids)


def test_blocks_are_in_the_order_of_time() -> None:
    for block in islice(plan_shop(900_000, 1_000, 3_000_000, 40, 0).blocks(), 2):
        assert (np.diff(column(block, "timestamp")) >= np.timedelta64(0)).all()
