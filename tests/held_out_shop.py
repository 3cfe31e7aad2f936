"""A shop with taste, whose last days are held out, and slow figures of it from the raw rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cfdist.config import Config
from cfdist.evaluation.candidates import Candidate

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
SPLIT_DATE = "2026-03-22"
N_USERS, N_ARTICLES, N_TASTES = 90, 36, 3
COLD, ONLY_UNREACHABLE, ONLY_OWNED, PARTLY = (901, 902), 903, 904, 905
UNKNOWN = (980, 981)
"""Articles that nobody took before the split."""


def shop_rows(seed: int = 0) -> dict[str, list]:
    """Each of 90 users takes articles of one of three tastes; and five odd users."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, int, float, int]] = []
    for user in range(1, N_USERS + 1):
        own = np.arange(user % N_TASTES, N_ARTICLES, N_TASTES)
        chance = 1 / (1 + np.arange(len(own)))
        taken = rng.choice(own, 7, replace=False, p=chance / chance.sum())
        noise = rng.integers(0, N_ARTICLES, 2)
        rows += [(user, 100 + int(a), float(rng.integers(1, 4)), int(d)) for a, d in
                 zip([*taken[:5], *noise], rng.integers(0, 79, 7), strict=True)]  # fmt: skip
        rows += [(user, 100 + int(a), 1.0, int(d)) for a, d in
                 zip([*taken[4:]], rng.integers(80, 100, 3), strict=True)]  # fmt: skip
    rows += [(user, 100, 1.0, 1) for user in (ONLY_UNREACHABLE, ONLY_OWNED, PARTLY)]
    rows += [(user, 101, 1.0, 90) for user in COLD]
    rows += [(ONLY_UNREACHABLE, UNKNOWN[0], 1.0, 90), (ONLY_OWNED, 100, 2.0, 90)]
    rows += [(PARTLY, 103, 1.0, 95), (PARTLY, UNKNOWN[0], 1.0, 95), (PARTLY, UNKNOWN[1], 1.0, 96)]
    rows += [(5, 101, -1.0, 92)]  # a return is no purchase that could be held out
    users, articles, quantities, days = (list(column) for column in zip(*rows, strict=True))
    times = [FIRST_DAY + timedelta(days=day, hours=12) for day in days]
    return {
        "user_id": users, "article_id": articles, "quantity": quantities,
        "timestamp": pa.array(times, pa.timestamp("us", "UTC")),
    }  # fmt: skip


def given(**evaluation: Any) -> dict[str, Any]:
    """Settings under which the shop is quick, split at :data:`SPLIT_DATE`."""
    return {
        "factorize": {"n_components": 8},
        "recommend": {"spectral": {"n_components": 4}},
        "evaluation": {"date": SPLIT_DATE, "ks": (3, 5, 10), "min_users": 10} | evaluation,
    }


def candidate(name: str, method: str | None = None, **settings: Any) -> Candidate:
    """A candidate; ``latent__ease_lambda=3`` sets ``recommend.latent.ease_lambda``."""
    keys = {f"recommend.{key.replace('__', '.')}": value for key, value in settings.items()}
    return Candidate(name, {"recommend.method": method or name} | keys)


class SlowShop:
    """What follows from the rows of a shop by counting."""

    def __init__(self, rows: dict[str, Any]) -> None:
        table = pd.DataFrame({name: list(values) for name, values in rows.items()})
        times = pd.to_datetime(pa.array(rows["timestamp"]).to_pandas(), utc=True)
        early = (times < pd.Timestamp(SPLIT_DATE, tz="UTC")).to_numpy()
        train, later = table[early], table[~early & (table["quantity"] > 0).to_numpy()]
        self.owned = self._sets(train)
        self.taken = self._sets(later)
        counts = train[train["quantity"] > 0].groupby("article_id")["user_id"].nunique()
        self.known = set(train["article_id"])
        self.ranking = sorted(self.known, key=lambda article: (-counts.get(article, 0), article))

    @staticmethod
    def _sets(table: pd.DataFrame) -> dict[int, set[int]]:
        grouped = table.groupby("user_id")["article_id"]
        return {user: set(articles) for user, articles in grouped}

    def truth(self, kind: str) -> dict[int, set[int]]:
        """What a list could have held, of everybody with any of it."""
        found = {}
        for user in self.owned.keys() & self.taken.keys():
            reached = self.taken[user] & self.known
            reached = reached - self.owned[user] if kind == "new" else reached
            if reached:
                found[user] = reached
        return found

    def popular_lists(self, k: int) -> dict[int, list[int]]:
        """The k articles with most users that each user does not have."""
        return {
            user: [a for a in self.ranking if a not in owned][:k]
            for user, owned in self.owned.items()
        }

    def recall(self, lists: dict[int, list[int]], kind: str, k: int) -> dict[int, float]:
        return {
            user: len(truth & set(lists[user][:k])) / len(truth)
            for user, truth in self.truth(kind).items()
        }

    def ndcg(self, lists: dict[int, list[int]], kind: str, k: int) -> dict[int, float]:
        found = {}
        for user, truth in self.truth(kind).items():
            gain = sum(1 / np.log2(r + 2) for r, a in enumerate(lists[user][:k]) if a in truth)
            found[user] = gain / sum(1 / np.log2(r + 2) for r in range(min(k, len(truth))))
        return found


def with_evaluation(config: Config, **changes: Any) -> Config:
    """The settings with others of ``evaluation``."""
    chosen = config.evaluation.model_copy(update=changes)
    return config.model_copy(update={"evaluation": chosen})
