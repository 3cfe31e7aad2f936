import numpy as np
import pandas as pd
import pytest
from conftest import SAMPLE
from running import open_context

from cfdist.algorithms.csr import stack
from cfdist.errors import DataError
from cfdist.stages.index import index
from cfdist.stages.ingest import ingest
from cfdist.stages.matrix import matrix


def built(context):
    interactions = ingest(context)
    found = index(context, interactions)
    return found, matrix(context, interactions, found)


def dense(weights):
    return stack([future.result() for future in weights.blocks]).to_scipy().toarray()


def test_weights_are_log1p_of_counts(tmp_path):
    frame = pd.read_parquet(SAMPLE)
    with open_context(tmp_path) as context:
        found, weights = built(context)
        users = np.concatenate([np.asarray(f.result()) for f in found.parts["user_ids"]])
        articles = np.asarray(found.article_ids.result())
        wanted = frame[frame["quantity"] > 0].groupby(["user_id", "article_id"]).size().unstack()
        wanted = np.log1p(wanted.reindex(index=users, columns=articles).fillna(0).to_numpy())
        got = dense(weights)
        assert np.allclose(got, wanted, atol=1e-6)
        assert weights.meta["squared_norm"] == pytest.approx(np.square(wanted).sum())
        per_article = weights.articles.result()
        assert np.array_equal(per_article["n_users"], np.count_nonzero(wanted, axis=0))
        assert np.allclose(per_article["column_sum"], wanted.sum(axis=0))


COLUMNS = {
    "user_id": [1, 1, 1, 2, 2],
    "article_id": [10, 10, 11, 10, 12],
    "basket_id": [1, 2, 2, 3, 3],
    "quantity": [2, -1, -1, 3, 1],
}


@pytest.mark.parametrize(
    ("aggregate", "returns", "weights"),
    [("count", "drop", [1, 0, 1, 1]), ("sum", "drop", [2, 0, 3, 1]), ("sum", "net", [1, 0, 3, 1])],
)
def test_returned_articles_stay_owned(tmp_path, aggregate, returns, weights):
    given = {
        "ingest": {"returns": returns},
        "matrix": {"aggregate": aggregate, "weighting": "none"},
    }
    with open_context(tmp_path, COLUMNS, given) as context:
        found, made = built(context)
        block = stack([future.result() for future in made.blocks])
        order = np.concatenate([np.asarray(f.result()) for f in found.parts["user_ids"]])
        if order[0] == 2:
            weights = weights[2:] + weights[:2]
        assert block.nnz == 4, "user 1 owns article 11, which was returned"
        assert block.data.tolist() == weights
        assert made.meta["basket_kind"] == "basket_id"
        assert made.meta["n_baskets"] == 2


@pytest.mark.parametrize(
    ("columns", "kind", "baskets"),
    [
        ({"user_id": [1, 1, 2], "article_id": [1, 2, 1]}, "user", 2),
        (
            {
                "user_id": [1, 1, 2],
                "article_id": [1, 2, 1],
                "timestamp": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01"]),
            },
            "user and day",
            3,
        ),
    ],
)
def test_baskets_without_basket_ids(tmp_path, columns, kind, baskets):
    with open_context(tmp_path, columns) as context:
        _, made = built(context)
        assert (made.meta["basket_kind"], made.meta["n_baskets"]) == (kind, baskets)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"user_id": [1, 1], "article_id": [1, 2]}, "1 user;"),
        ({"user_id": [1, 2], "article_id": [1, 1]}, "1 article;"),
        ({"user_id": [1, 2], "article_id": [1, 2], "quantity": [0, 0]}, "rows"),
    ],
)
def test_too_little_is_told(tmp_path, columns, said):
    with open_context(tmp_path, columns) as context, pytest.raises(DataError, match=said):
        built(context)
