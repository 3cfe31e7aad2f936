import numpy as np
import pytest
from running import open_context

from cfdist.pipeline import run_stages
from cfdist.schema import RECOMMENDERS


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
