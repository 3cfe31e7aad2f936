import numpy as np
import pytest

from cfdist.algorithms.csr import csr_from_sorted
from cfdist.algorithms.pair_table import pair_columns
from cfdist.algorithms.pairs import count_pairs, transpose
from cfdist.schema import BOUGHT_TOGETHER, RELATIONS, SIMILAR

BASKETS = [(0, 1), (0, 1), (0, 1, 2), (2, 3), (0,)]
SIMILAR_IDS = np.array([[1, 2, 3], [0, 3, -1], [3, 0, 1], [2, 1, -1]])
SIMILAR_SCORES = np.array([[0.9, 0.5, -0.1], [0.9, 0.2, 0], [0.8, 0.5, 0.1], [0.8, 0.2, 0]])


@pytest.fixture
def columns():
    baskets = csr_from_sorted(
        np.repeat(np.arange(len(BASKETS)), [len(basket) for basket in BASKETS]),
        np.concatenate(BASKETS),
        np.ones(sum(map(len, BASKETS))),
        (len(BASKETS), 4),
    )
    similar = {"ids": SIMILAR_IDS, "scores": SIMILAR_SCORES.astype(np.float32)}
    units = np.eye(4, dtype=np.float32)
    by_article = transpose(baskets)
    counted = count_pairs(range(4), by_article, baskets, SIMILAR_IDS, 3, 2)
    held = np.diff(by_article.indptr)
    found = pair_columns(range(4), counted, held, len(BASKETS), similar, units)
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]


def rows_of(columns, article, relation):
    return [
        row
        for row in columns
        if row["article"] == article and RELATIONS[row["relation"]] == relation
    ]


def test_partners_come_first_and_similar_articles_fill(columns):
    first, second = rows_of(columns, 0, BOUGHT_TOGETHER)
    assert (first["other"], first["rank"], first["pair_count"]) == (1, 1, 3)
    assert RELATIONS[first["source"]] == BOUGHT_TOGETHER
    assert first["confidence"] == first["score"] == pytest.approx(3 / 4)
    assert first["lift"] == pytest.approx(3 * 5 / (4 * 3))
    assert (second["other"], second["rank"]) == (2, 2), "article 3 is not similar: −0.1"
    assert RELATIONS[second["source"]] == SIMILAR
    assert second["pair_count"] == 1, "below min_pair_count, told all the same"
    assert second["score"] == second["similarity"] == np.float32(0.5)


def test_similar_articles_are_listed_whole(columns):
    rows = rows_of(columns, 0, SIMILAR)
    assert [row["other"] for row in rows] == [1, 2, 3]
    assert [row["rank"] for row in rows] == [1, 2, 3]


def test_rows_are_sorted_and_no_partner_comes_twice(columns):
    keys = [(row["article"], row["relation"], row["rank"]) for row in columns]
    assert keys == sorted(keys)
    pairs = [(row["article"], row["relation"], row["other"]) for row in columns]
    assert len(set(pairs)) == len(pairs)
    assert all(row["article"] != row["other"] for row in columns)
