"""Synthetic shops of given sizes, made once and kept for all benchmarks."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from kept import RESULTS, tell

from cfdist.datasets.synthesize import synthesize

NAMES = ("n_users", "n_articles", "n_interactions")


def sizes_of(text: str) -> dict[str, int]:
    """Users, articles and interactions, from three numbers with an x between them.

    Examples
    --------
    >>> sizes_of("557000x7300x1640000")
    {'n_users': 557000, 'n_articles': 7300, 'n_interactions': 1640000}
    """
    numbers = text.lower().split("x")
    if len(numbers) != len(NAMES) or not all(number.isdigit() for number in numbers):
        raise argparse.ArgumentTypeError(f"{text} is not USERSxARTICLESxINTERACTIONS")
    return dict(zip(NAMES, map(int, numbers), strict=True))


REFERENCE = sizes_of("557000x7300x1640000")
QUICK = sizes_of("50000x2000x150000")
WARM_UP = sizes_of("5000x2100x20000")


def in_words(sizes: Mapping[str, int]) -> str:
    """The sizes for a reader.

    Examples
    --------
    >>> in_words(WARM_UP)
    '3,000 users × 2,100 articles, 12,000 interactions'
    """
    users, articles, interactions = (sizes[name] for name in NAMES)
    return f"{users:,} users × {articles:,} articles, {interactions:,} interactions"


def make_data(sizes: Mapping[str, int], seed: int = 0) -> Path:
    """The interactions of a shop of these sizes; written unless they are there."""
    name = "-".join(str(number) for number in (*(sizes[name] for name in NAMES), seed))
    path = RESULTS / f"data-{name}" / "user_item_interactions.parquet"
    if not path.exists():
        tell(f"making {path}")
        synthesize(path, seed=seed, **{name: sizes[name] for name in NAMES})
    return path.resolve()
