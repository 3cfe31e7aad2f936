"""The catalogue: unique ids and names, a category per taste group."""

import numpy as np
import pyarrow.compute as pc
import pytest

from cfdist.datasets.catalogue import CATEGORIES, article_ids, articles_table, user_ids
from cfdist.datasets.layout import ARTICLES


@pytest.mark.parametrize("n_groups", [1, 40, 90])
def test_every_article_has_a_name_of_its_own(n_groups: int) -> None:
    table = articles_table(2_000, n_groups)
    assert table.schema.equals(ARTICLES)
    for column in ("article_id", "name"):
        assert pc.count_distinct(table[column]).as_py() == 2_000
    assert all(table[column].null_count == 0 for column in ARTICLES.names)


def test_a_name_tells_its_category() -> None:
    for row in articles_table(2_000, 40).to_pylist():
        finish, *kind, number = row["name"].split()
        assert " ".join(kind) in CATEGORIES[row["category"]], (finish, number)


def test_a_taste_group_is_a_category() -> None:
    categories = articles_table(400, 40)["category"].to_pylist()
    assert categories == list(CATEGORIES) * 10


@pytest.mark.parametrize("n", [1, 7, 4_096])
def test_ids_are_one_to_one_and_spread(n: int) -> None:
    index = np.arange(n)
    for ids in (user_ids(index, n), article_ids(index, n)):
        assert len(np.unique(ids)) == n
        assert n == 1 or np.ptp(ids) > 4 * n
