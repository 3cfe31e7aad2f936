"""A fold: train rows, and what their users took afterwards, in the indexes of the train rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from distributed import Future

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.hashing import SAMPLE_SEED, hash_ids
from cfdist.errors import ConfigError
from cfdist.evaluation.ranks import ranks_of
from cfdist.evaluation.truth import Truth, TruthCounts, add_counts, truth_of
from cfdist.evaluation.windows import Window, plan_rule, plan_windows, windows_note
from cfdist.input.articles import describe_articles
from cfdist.schema import CATEGORY
from cfdist.stages.context import Context
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import Interactions
from cfdist.stages.select import select
from cfdist.stages.split import HeldOut, Rule, split

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Categories:
    """Category of each article; code −1: none."""

    names: list[str]
    codes: Array


@dataclass(frozen=True)
class Fold:
    """One split of the rows.

    Attributes
    ----------
    name : str
    role : {"choose", "report"}
    window : Window or None
        The dates that are held out, for splits by date.
    base : Fitting
        Over the train rows, under the settings that all candidates share.
    held_out : HeldOut
    truths : futures of Truth, one per block of users
    users : uint64 ``(n_users,)`` hash of each user, the same in every fold
    n_owned : int64 ``(n_users,)`` articles of each user in the train rows
    counts : TruthCounts
    """

    key: str
    name: str
    role: str
    window: Window | None
    base: Fitting
    held_out: HeldOut
    truths: Sequence[Future]
    users: Array
    n_owned: Array
    counts: TruthCounts
    categories: Categories


def open_folds(context: Context, interactions: Interactions) -> list[Fold]:
    """The folds of ``evaluation.split``, in the order of time.

    Raises
    ------
    DataError, ConfigError
        See :mod:`cfdist.evaluation.windows` and :mod:`cfdist.stages.split`.
    """
    settings = context.config.evaluation
    if settings.split not in ("date", "rolling"):
        rule = plan_rule(settings, interactions.meta["has_timestamps"])
        return [_open(context, interactions, rule, None)]
    times = interactions.meta
    if not times["has_timestamps"]:
        times = dict(times, first_timestamp=None, last_timestamp=None)
    windows = plan_windows(settings, times["first_timestamp"], times["last_timestamp"])
    if note := windows_note(settings, windows):
        context.note(note)
    return [_open(context, interactions, window.rule, window) for window in windows]


def _open(context: Context, interactions: Interactions, rule: Rule, window: Window | None) -> Fold:
    """Fit the index and matrix of the train rows, and find the held-out articles in them."""
    both = split(context, interactions, rule)
    base = Fitting(context, select(context, both.train))
    _require_articles(context, base)
    n_blocks, rules = len(base.matrix.blocks), base.catalogue.articles
    depends = (base.matrix.key, both.test.key, base.catalogue.key)
    with context.stage("truth", *depends) as stage:
        truths = [
            stage.submit(truth_of, *parts, label="match")
            for parts in zip(
                both.test.blocks, base.index.parts["user_ids"],
                [base.index.article_ids] * n_blocks, base.matrix.blocks, [rules] * n_blocks,
                strict=True,
            )
        ]  # fmt: skip
        facts = [
            stage.submit(_facts, truth, users, block, label="count")
            for truth, users, block in zip(
                truths, base.index.parts["user_ids"], base.matrix.blocks, strict=True
            )
        ]
        stage.wait([*truths, *facts])
        found = [future.result() for future in facts]
        article_ids = stage.result(base.index.article_ids)
    counts = found[0][2]
    for _, _, more in found[1:]:
        counts = add_counts(counts, more)
    return Fold(
        stage.key,
        window.name if window else rule.kind,
        window.role if window else "report",
        window,
        base,
        both.test,
        truths,
        np.concatenate([users for users, _, _ in found]),
        np.concatenate([owned for _, owned, _ in found]),
        counts,
        _categories(context, article_ids),
    )


def _require_articles(context: Context, base: Fitting) -> None:
    largest = max(ranks_of(context.config.evaluation))
    if largest > base.index.n_articles:
        raise ConfigError(
            f"evaluation.metric and evaluation.ks ask for lists of {largest}, and the train rows "
            f"have {base.index.n_articles} articles",
            remedy=f"set both to lengths up to {base.index.n_articles}: --metric recall@1 "
            "--set evaluation.ks=[1]",
        )


def _facts(truth: Truth, users: pa.Array, block: CsrBlock) -> tuple[Array, Array, TruthCounts]:
    return hash_ids(users, SAMPLE_SEED), np.diff(block.indptr), truth.counts


def _categories(context: Context, article_ids: pa.Array) -> Categories:
    described = describe_articles(context.config.ingest, article_ids)[CATEGORY]
    encoded = described.dictionary_encode()
    codes = np.asarray(encoded.indices.fill_null(-1), dtype=np.int64)
    return Categories(encoded.dictionary.to_pylist(), codes)
