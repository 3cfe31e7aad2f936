"""A random shop of 80 users and 40 articles with categories and variants, and its lists by id."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cfdist.schema import RECOMMENDERS
from cfdist.stages.context import Context
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import ingest
from cfdist.stages.recommend import Recommendations

N_USERS, N_ARTICLES = 80, 40
FIRST_DAY = datetime(2026, 1, 1)
FITTED = ("index", "matrix", "purchases", "factors", "profiles", "neighbors")


def shop_rows(seed: int = 0) -> dict[str, list]:
    """Interactions: articles 100 … 139, the first ones bought most; some of them returned."""
    rng = np.random.default_rng(seed)
    n = 6 * N_USERS
    user = np.concatenate([np.arange(N_USERS), rng.integers(0, N_USERS, n - N_USERS)])
    article = (N_ARTICLES * rng.random(n) ** 2).astype(int)
    article[:N_ARTICLES] = np.arange(N_ARTICLES)
    days = rng.integers(0, 200, n).tolist()
    return {
        "user_id": (user + 1).tolist(),
        "article_id": (article + 100).tolist(),
        "quantity": np.where(rng.random(n) < 0.1, -1, rng.integers(1, 4, n)).tolist(),
        "timestamp": [FIRST_DAY + timedelta(days=day) for day in days],
    }


def write_articles(folder: Path, **columns: Sequence[Any]) -> None:
    """The articles table beside the input; by default five categories, variants in threes."""
    ids = list(range(100, 100 + N_ARTICLES))
    table = {
        "article_id": ids,
        "category": [None if i % 7 == 0 else f"c{i % 5}" for i in ids],
        "variant_of": [None if i % 3 == 1 else i - (i - 1) % 3 for i in ids],
    }
    pq.write_table(pa.table(table | columns), folder / "articles.parquet")


def fit(context: Context) -> Fitting:
    """A fitting of the input."""
    return Fitting(context, ingest(context))


def with_settings(fitting: Fitting, **recommend: Any) -> Fitting:
    """The same fitting under other settings of ``recommend``."""
    config = fitting.context.config
    chosen = config.recommend.model_copy(update=recommend)
    context = fitting.context.with_config(config.model_copy(update={"recommend": chosen}))
    other = Fitting(context, fitting.interactions)
    vars(other).update({name: vars(fitting)[name] for name in FITTED if name in vars(fitting)})
    return other


def owned_by_user(fitting: Fitting) -> dict[Any, set]:
    """Articles of each user, by id."""
    articles = fitting.index.article_ids.result().to_pylist()
    return {
        user: {articles[a] for a in block.indices[block.indptr[row] : block.indptr[row + 1]]}
        for users, block in zip(fitting.index.parts["user_ids"], fitting.matrix.blocks, strict=True)
        for block in [block.result()]
        for row, user in enumerate(users.result().to_pylist())
    }


def lists_by_user(fitting: Fitting, made: Recommendations) -> dict[Any, list[tuple]]:
    """(article, score, source) of each user, by id, in order."""
    articles = fitting.index.article_ids.result().to_pylist()
    found = {}
    for users, block in zip(fitting.index.parts["user_ids"], made.lists, strict=True):
        lists = block.result()
        for user, row in zip(users.result().to_pylist(), lists["row_of_user"], strict=True):
            columns = (lists[name][row].tolist() for name in ("articles", "scores", "sources"))
            found[user] = [
                (articles[article], score, RECOMMENDERS[source])
                for article, score, source in zip(*columns, strict=True)
                if article >= 0
            ]
    return found
