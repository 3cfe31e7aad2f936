"""Baskets against plain loops over the rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interaction_rows import (
    Kind,
    baskets_by_id,
    block_from,
    local_codes,
    rows_of_a_block,
    weights_by_id,
)
from reference import Row, baskets_of_rows

from cfdist.algorithms.baskets import basket_articles
from cfdist.algorithms.interactions import (
    DAY_US,
)


@given(given_rows=rows_of_a_block(), has_baskets=st.booleans())
def test_baskets_are_those_of_plain_loops(
    given_rows: tuple[list[Row], Kind], has_baskets: bool
) -> None:
    rows, kind = given_rows
    if not has_baskets:
        rows = [row._replace(basket=None) for row in rows if row.user is not None]
    block = block_from(rows, kind, has_baskets=has_baskets)
    assert baskets_by_id(block) == baskets_of_rows(rows, DAY_US)


def test_rows_without_a_user_make_baskets_only() -> None:
    rows = [Row(None, "a", "b1", 1, 0), Row(None, "c", "b1", 1, 9), Row("u", "a", "b2", 1, 0)]
    block = block_from(rows)
    assert block.user_ids.to_pylist() == ["u"]
    assert weights_by_id(block, "count", "drop") == {("u", "a"): 1.0}
    assert baskets_by_id(block) == [("a",), ("a", "c")]


def test_one_basket_id_of_two_users_is_two_baskets() -> None:
    rows = [Row("u", "a", "b1", 1, 0), Row("v", "c", "b1", 1, 0)]
    assert baskets_by_id(block_from(rows)) == [("a",), ("c",)]


def test_rows_without_a_basket_id_are_baskets_by_day() -> None:
    """A year of purchases without receipts is not one basket."""
    days = [Row("u", article, None, 1, day * DAY_US) for day, article in enumerate("abc")]
    same_day = [Row("u", "d", None, 1, 2 * DAY_US + 1), Row("u", "e", "receipt", 1, 2 * DAY_US)]
    assert baskets_by_id(block_from(days + same_day)) == [("a",), ("b",), ("c", "d"), ("e",)]


def test_a_return_is_no_part_of_a_basket() -> None:
    rows = [Row("u", "a", "b1", 1, 0), Row("u", "c", "b1", -1, 0), Row("u", "d", "b1", 0, 0)]
    assert baskets_by_id(block_from(rows)) == [("a",)]


@pytest.mark.parametrize(
    ("limit", "sizes", "skipped"), [(3, [1, 2, 3], 0), (2, [1, 2], 1), (0, [], 3)]
)
def test_large_baskets_are_skipped_and_counted(limit: int, sizes: list[int], skipped: int) -> None:
    """A basket's size is its articles: lines that repeat one do not count."""
    rows = [Row("u", article, "b3", 1, t) for t, article in enumerate("aabbcc")]
    rows += [Row("u", article, "b2", 1, 0) for article in "ab"] + [Row("u", "a", "b1", 1, 0)]
    block = block_from(rows)
    matrix, n_large = basket_articles(block, local_codes(block), 3, limit)
    assert np.diff(matrix.indptr).tolist() == sizes
    assert matrix.shape == (len(sizes), 3)
    assert set(matrix.data.tolist()) <= {1.0}
    assert n_large == skipped
