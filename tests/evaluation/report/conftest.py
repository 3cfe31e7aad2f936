"""A realistic evaluation of a grocer, as JSON values."""

import math
from datetime import date, timedelta

import pytest

METRICS = {"recall": 1.0, "ndcg": 1.15, "hit": 4.2, "precision": 0.55, "mrr": 1.9}
CATEGORIES = (
    ("Milk", 4210), ("Bread", 3702), ("Soft drinks", 3120), ("Cheese", 2803),
    ("Frozen pizza", 1904), ("Yogurt", 1850),
    ("Coffee", 1422), ("Cat food", 903), ("Baby food & nappies", 611),
    ("Greeting cards", 410), ("Seasonal", 320), ("Flowers", 204), ("Batteries", 77),
)  # fmt: skip
ARTICLES = (
    "Whole milk 1 l", "Sourdough loaf", "Bananas", "Espresso beans 500 g", "Cheddar, mature",
    "Greek yogurt 10 %", "Tomatoes on the vine", "Sparkling water 6 × 1 l", "Spaghetti No. 5",
    "Olive oil, extra virgin", "Dark chocolate 85 %", "Frozen pizza Margherita", "Cat food, salmon",
    "Basmati rice", "Free-range eggs, 10", "Butter, unsalted",
)  # fmt: skip


def estimate(mean, half=None, n_users=1981):
    half = abs(mean) * 0.09 if half is None else half
    return {
        "mean": mean,
        "low": mean - half,
        "high": mean + half,
        "standard_error": half / 1.959964,
        "n_users": n_users,
    }


def metrics(recall):
    return {
        f"{metric}@{k}": estimate(recall * factor * math.sqrt(k / 10))
        for metric, factor in METRICS.items()
        for k in (5, 10, 20)
    }


def candidate(name, recall, seconds, against_popular, against_best, popularity=0.4, **more):
    groups = (("light (1-3 articles)", 0.6), ("medium (4-20 articles)", 1.0), ("heavy (21+)", 1.3))
    return {
        "name": name,
        "method": more.pop("method", name),
        "settings": {"recommend.method": name, "factorize.n_components": 50},
        "status": "ok",
        "error": None,
        "seconds": seconds,
        "metrics": {"new": metrics(recall), "all": metrics(recall * 3.1)},
        "report_metrics": {"new": metrics(recall * 0.97)},
        "report_against_popular": against_popular and estimate(*against_popular),
        "lists": {
            "coverage@10": 0.9 * (1 - popularity) ** 2,
            "novelty@10": 11 * (1 - 0.6 * popularity),
            "gini@10": 0.55 + 0.44 * popularity,
            "head_share@10": popularity,
            "diversity@10": 0.8 - 0.3 * popularity,
        },
        "against_popular": against_popular and estimate(*against_popular),
        "against_best": against_best and estimate(*against_best),
        "groups": [
            {"group": group, **estimate(recall * factor, recall * 0.17, 660)}
            for group, factor in groups
        ],
        "categories": [
            {"category": category, "n": n, "hit_rate": recall * (2.4 - 0.15 * place)}
            for place, (category, n) in enumerate(CATEGORIES)
        ],
        **more,
    }


def failed(name, error):
    return {
        "name": name, "method": name, "settings": {}, "status": "failed",
        "error": error, "seconds": 1.2, "metrics": {},
    }  # fmt: skip


def windows():
    start, length = date(2025, 9, 1), timedelta(days=28)
    cuts = [start + length * i for i in range(4)]
    return [
        {
            "name": f"window {i + 1}" if i < 3 else "latest window",
            "role": "choose" if i < 3 else "report",
            "train_from": "2025-01-01T00:00:00+00:00",
            "train_until": f"{cut}T00:00:00+00:00",
            "test_until": f"{cut + length}T00:00:00+00:00",
            "n_train_rows": 812_000 + 93_000 * i,
            "n_test_rows": 91_000 + 1_100 * i,
        }
        for i, cut in enumerate(cuts)
    ]


def examples():
    return [
        {
            "user": f"customer-{4711 + 13 * i}",
            "history": [ARTICLES[(3 * i + j) % 16] for j in range(2 + 2 * i)],
            "entries": [
                {
                    "article": f"A{j}",
                    "name": ARTICLES[(5 * i + 3 * j) % 16],
                    "source": ("user_neighbors", "item_neighbors", "popular")[j // 4],
                    "hit": (i + j) % 7 == 0,
                }
                for j in range(10)
            ],
        }
        for i in range(10)
    ]


def components():
    tried = (5, 10, 20, 35, 50, 75, 100, 150, 200)
    return [
        {
            "n_components": n,
            "energy": 0.62 * (1 - math.exp(-n / 60)),
            "explained_variance_ratio": 0.57 * (1 - math.exp(-n / 60)),
            **estimate(0.019 * (1 - math.exp(-(n + 10) / 22)), 0.0012),
            "is_elbow": n == 50,
        }
        for n in tried
    ]


def trials():
    made = []
    for i in range(14):
        damping, power = (0.0, 0.25, 0.5, 0.75)[i % 4], (1.0, 2.0, 4.0)[i % 3]
        made.append(
            {
                "number": i,
                "status": "failed" if i == 9 else "pruned" if i == 4 else "ok",
                "value": None if i == 9 else estimate(0.015 + 0.003 * damping + 0.0002 * power),
                "settings": {
                    "recommend.user_neighbors.article_damping": damping,
                    "recommend.user_neighbors.cosine_power": power,
                    "neighbors.n_similar_users": 20 + 40 * (i % 5),
                    "factorize.seed": 0,
                },
                "seconds": 3.1 + i,
                "error": "the worker ran out of memory" if i == 9 else None,
            }
        )
    return made


def realistic():
    return {
        "title": "Which method fills the lists?",
        "command": "cfdist evaluate --decide",
        "run": "20251222T061502117Z-5f3a9c01",
        "created_at": "2025-12-22T06:15:02+00:00",
        "cfdist_version": "0.2.0",
        "input": "data/ml/user_item_interactions.parquet",
        "seconds": 143.2,
        "metric": "recall",
        "k": 10,
        "articles": "new",
        "split": {
            "kind": "rolling", "label": "rolling, by global date", "warning": None,
            "windows": windows(),
        },
        "population": {
            "n_users_in_test": 2306, "n_judged": 1981, "n_cold_users": 271,
            "n_nothing_reachable": 42, "n_only_owned": 12, "unreachable_share": 0.067,
            "ceiling": {"5": 0.81, "10": 0.93, "20": 0.98},
        },
        "candidates": [
            candidate("popular", 0.0135, 0.4, None, (-0.0049, 0.0017), 1.0),
            candidate("user_neighbors", 0.0184, 8.7, (0.0049, 0.0017), None, 0.45),
            candidate("item_neighbors", 0.0151, 6.1, (0.0016, 0.0015), (-0.0033, 0.0014), 0.3),
            candidate("latent", 0.0179, 5.2, (0.0044, 0.0018), (-0.0005, 0.0011), 0.5),
            candidate("spectral (gf_cf)", 0.0171, 31.0, (0.0036, 0.0016), (-0.0013, 0.0011)),
            candidate("rp3beta", 0.0143, 12.5, (0.0008, 0.0014), (-0.0041, 0.0013), 0.2),
            failed("blend", "blend needs 256 components; the matrix has 120 articles"),
        ],
        "decision": {
            "name": "user_neighbors", "method": "user_neighbors",
            "reason": "the highest recall@10 of those that beat popular",
            "expires_at": "2025-12-29T06:15:02+00:00", "changed_from": "latent",
        },
        "components": components(),
        "pairs": {"hit@10": estimate(0.212, 0.008, 9120), "n_baskets": 9120},
        "examples": examples(),
        "sample": [
            {"percent": p, "n_users": n, "metric": estimate(0.0184 + d, h, n),
             "drift": estimate(d, h * 0.9, n), "energy": 0.38 + e, "energy_drift": e,
             "separable": s}
            for p, n, d, h, e, s in (
                (1, 557, 0.0031, 0.0034, 0.21, "no"), (5, 2785, 0.0009, 0.0016, 0.08, "no"),
                (10, 5570, -0.0011, 0.0009, 0.04, "yes"), (50, 27850, 0.0001, 0.0004, 0.01, "no"),
            )
        ],
        "trials": trials(),
        "importance": {"article_damping": 0.61, "n_similar_users": 0.27, "cosine_power": 0.12},
        "notes": ["112 rows were dropped: no article", "The newest purchase is 9 days old"],
    }  # fmt: skip


@pytest.fixture
def evaluation():
    return realistic()


@pytest.fixture
def build():
    """The makers of parts, for tests that need other ones."""
    return {"candidate": candidate, "failed": failed, "estimate": estimate, "metrics": metrics}
