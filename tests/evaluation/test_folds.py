"""What is held out, and who is who in it."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from held_out_shop import SPLIT_DATE, SlowShop, shop_rows, with_evaluation

from cfdist.algorithms.hashing import SAMPLE_SEED, hash_ids
from cfdist.errors import ConfigError, DataError
from cfdist.evaluation.folds import open_folds
from cfdist.stages.ingest import Interactions


def ids_of(fold) -> list[int]:
    return [u for part in fold.base.index.parts["user_ids"] for u in part.result().to_pylist()]


def test_users_articles_and_truths_of_a_fold(found):
    fold, slow = found.reporting, SlowShop(shop_rows())
    users, articles = ids_of(fold), fold.base.index.article_ids.result().to_pylist()
    assert set(users) == slow.owned.keys()
    assert set(articles) == slow.known
    assert fold.n_owned.tolist() == [len(slow.owned[user]) for user in users]
    assert np.array_equal(fold.users, hash_ids(pa.array(users), SAMPLE_SEED))
    for kind in ("new", "all"):
        held = {}
        for part, truth in zip(fold.base.index.parts["user_ids"], fold.truths, strict=True):
            block = getattr(truth.result(), kind)
            for row, user in enumerate(part.result().to_pylist()):
                taken = block.indices[block.indptr[row] : block.indptr[row + 1]]
                held[user] = {articles[a] for a in taken}
        assert {user: taken for user, taken in held.items() if taken} == slow.truth(kind)


def test_a_fold_by_date_is_called_report_and_ends_with_the_rows(found):
    (fold,) = found.folds
    assert (fold.name, fold.role) == ("report", "report")
    assert fold.window.dates.startswith(SPLIT_DATE)
    assert found.choosing == [fold]


def test_rolling_folds_learn_from_ever_more_and_never_from_what_they_judge(context, interactions):
    config = with_evaluation(
        context.config, split="rolling", date=None, n_windows=2, holdout_days=10
    )
    folds = open_folds(context.with_config(config), interactions)
    assert [(fold.name, fold.role) for fold in folds] == [
        ("choose 1", "choose"), ("choose 2", "choose"), ("report", "report"),
    ]  # fmt: skip
    rows = [fold.base.interactions.meta["rows_used"] for fold in folds]
    assert rows == sorted(set(rows))
    for fold in folds:
        newest = max(
            part.result().timestamp.max() for part in fold.base.interactions.parts["blocks"]
        )
        oldest = min(part.result().timestamp.min() for part in fold.held_out.blocks)
        assert newest < fold.window.from_us <= oldest
    shared = set(ids_of(folds[0])) & set(ids_of(folds[-1]))
    first, last = (dict(zip(ids_of(f), f.users.tolist(), strict=True)) for f in folds[::2])
    assert all(first[user] == last[user] for user in shared), "the same hash in every fold"


@pytest.mark.parametrize(("kind", "more"), [("last_k", {"last_k": 1}), ("random", {"share": 0.3})])
def test_splits_without_windows(context, interactions, kind, more):
    config = with_evaluation(context.config, split=kind, date=None, **more)
    (fold,) = open_folds(context.with_config(config), interactions)
    assert (fold.name, fold.role, fold.window) == (kind, "report", None)


def without_times(interactions) -> Interactions:
    return replace(interactions, meta={**interactions.meta, "has_timestamps": False})


@pytest.mark.parametrize("kind", ["date", "rolling", "last_k"])
def test_no_timestamps(context, interactions, kind):
    config = with_evaluation(context.config, split=kind, date=None)
    with pytest.raises(DataError, match="timestamp"):
        open_folds(context.with_config(config), without_times(interactions))


def test_lists_longer_than_the_catalogue(context, interactions):
    n = open_folds(context, interactions)[0].base.index.n_articles
    open_folds(context.with_config(with_evaluation(context.config, ks=(n,))), interactions)
    with pytest.raises(ConfigError) as caught:
        open_folds(context.with_config(with_evaluation(context.config, ks=(n + 1,))), interactions)
    assert f"ask for lists of {n + 1}, and the train rows have {n} articles" in (
        caught.value.message
    )
    assert f"up to {n}" in caught.value.remedy
