import numpy as np
import pytest
from running import open_context

from cfdist.stages import ingest as ingest_module
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import ingest

HISTORIES = ({1: 1, 2: 2}, {1: 2, 2: 1}, {3: 1}, {1: 1}, {4: 3})
"""Article → count; the first two have one set of articles, under other weights."""


def rows() -> dict[str, list]:
    found = [
        (user, article)
        for user in range(40)
        for article, count in HISTORIES[user * 7 % 5].items()
        for _ in range(count)
    ]
    users, articles = zip(*found, strict=True)
    return {"user_id": list(users), "article_id": list(articles)}


@pytest.mark.parametrize("n_blocks", [1, 4])
def test_users_with_equal_histories_are_one_profile(tmp_path, monkeypatch, n_blocks):
    monkeypatch.setattr(ingest_module, "n_blocks", lambda _: n_blocks)
    with open_context(tmp_path, rows(), {"factorize": {"n_components": 2}}) as context:
        fitting = Fitting(context, ingest(context))
        table = fitting.profiles
        profiles, matrix = table.profiles.result(), table.matrix.result().to_scipy().toarray()
        dense = np.vstack([b.result().to_scipy().toarray() for b in fitting.matrix.blocks])
        assert len(fitting.matrix.blocks) == n_blocks
    distinct = np.unique(dense, axis=0)
    assert table.n_profiles == len(distinct) == len(matrix) == len(HISTORIES)
    np.testing.assert_array_equal(matrix[profiles.of_user], dense)
    np.testing.assert_array_equal(dense[profiles.owner], matrix)
    for profile, owner in enumerate(profiles.owner.tolist()):
        members = np.flatnonzero(profiles.of_user == profile)
        assert owner == members.min(), "the user with the lowest index"
        assert profiles.n_users[profile] == len(members)
    same_set = ((matrix > 0)[:, None] == (matrix > 0)[None]).all(axis=2)
    np.testing.assert_array_equal(profiles.family[:, None] == profiles.family[None], same_set)
