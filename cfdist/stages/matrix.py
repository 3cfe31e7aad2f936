"""Users × articles in row blocks, and baskets × articles beside it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from distributed import Future

from cfdist.algorithms.baskets import basket_articles
from cfdist.algorithms.csr import CsrBlock, stack
from cfdist.algorithms.interactions import DAY_US, InteractionBlock, codes_in
from cfdist.algorithms.variance import ColumnTotals, add_totals, column_totals
from cfdist.algorithms.weighting import (
    Decay,
    WeightStatistics,
    add_statistics,
    user_item_weights,
    weigh,
    weight_statistics,
)
from cfdist.backends import Backend
from cfdist.errors import ConfigError, DataError
from cfdist.input.check import require_two
from cfdist.settings import MatrixSettings
from cfdist.stages.context import Artifact, Context, Stage
from cfdist.stages.index import Index, tree_reduce
from cfdist.stages.ingest import Interactions


class UserItemMatrix(Artifact):
    """The weighted matrix and the baskets.

    ``meta``: shape, nnz, squared_norm, n_baskets, n_large_baskets, basket_kind.
    Parts ``blocks``: a :class:`CsrBlock` per run of users; ``baskets``: one of baskets × articles,
    on the host; ``articles``: one dict of arrays per article: n_users, column_sum; on the host.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """``(n_users, n_articles)``."""
        return int(self.meta["shape"][0]), int(self.meta["shape"][1])

    @property
    def blocks(self) -> Sequence[Future]:
        """One CsrBlock of weights per run of users."""
        return self.parts["blocks"]

    @property
    def baskets(self) -> Future:
        """Baskets × articles."""
        return self.parts["baskets"][0]

    @property
    def articles(self) -> Future:
        """Per article: ``n_users`` int64, ``column_sum`` float64."""
        return self.parts["articles"][0]


def matrix(context: Context, interactions: Interactions, index: Index) -> UserItemMatrix:
    """Weighted row blocks, in the order of the user index.

    Raises
    ------
    DataError
        Fewer than two users or two articles: there is nothing to compare.
    """
    settings = context.config.matrix
    ingest = context.config.ingest
    decay = decay_of(interactions, settings)
    depends = (index.key, settings.model_dump(), decay, ingest.returns, ingest.max_basket_articles)
    with context.stage("matrix", *depends) as stage:
        found = stage.resume(UserItemMatrix)
        if found is not None:
            return found
        require_two(index.n_users, index.n_articles)
        counts, baskets, skipped = [], [], []
        for block in interactions.blocks:
            codes = stage.compute(_article_codes, block, index.article_ids, label="codes")
            counts.append(
                stage.compute(_weights, block, codes, index.n_articles,
                              settings.aggregate, ingest.returns, decay, label="aggregate")
            )  # fmt: skip
            both = stage.compute(
                _baskets, block, codes, index.n_articles, ingest.max_basket_articles,
                label="baskets",
            )  # fmt: skip
            baskets.append(stage.submit(_first, both, label="baskets"))
            skipped.append(stage.compute(_second, both, label="baskets"))
        blocks = _weigh_all(stage, counts, settings.weighting)
        totals = [stage.compute(totals_of, block, label="totals") for block in blocks]
        total = tree_reduce(stage, add_totals, totals, label="sum")
        articles = stage.submit(per_article, total, part="articles")
        all_baskets = stage.submit(_stack, *baskets, part="baskets")
        stage.wait([*blocks, *skipped, total, articles, all_baskets])
        whole = total.result()
        meta = {
            "shape": [index.n_users, index.n_articles],
            "nnz": whole.nnz,
            "squared_norm": whole.squared_norm,
            "n_baskets": stage.result(stage.submit(_n_rows, all_baskets, label="count")),
            "n_large_baskets": sum(future.result() for future in skipped),
            "basket_kind": _basket_kind(interactions),
        }
        _require_weight(whole)
        return stage.complete(
            UserItemMatrix, meta, blocks=blocks, articles=[articles], baskets=[all_baskets]
        )


def decay_of(interactions: Interactions, settings: MatrixSettings) -> Decay | None:
    """How purchases fade, from the end of the data: a later run of the same rows is the same.

    Raises
    ------
    ConfigError
        There are no timestamps to fade by.
    """
    if settings.half_life_days is None:
        return None
    if not interactions.meta["has_timestamps"]:
        raise ConfigError(
            "matrix.half_life_days needs timestamps, and the input has none",
            remedy="name the column with --set ingest.columns.timestamp=COLUMN",
        )
    now = interactions.meta.get("as_of_us") or interactions.meta["last_timestamp"]
    return Decay(settings.half_life_days * DAY_US, int(now))


def _weigh_all(stage: Stage, counts: list[Future], weighting: str) -> list[Future]:
    """Weighted blocks; tf-idf and BM25 need the sums over all of them first."""
    statistics = None
    if weighting in ("tfidf", "bm25"):
        parts = [stage.compute(_statistics, block, label="statistics") for block in counts]
        statistics = tree_reduce(stage, add_statistics, parts, label="sum")
    return [stage.compute(_weigh, block, weighting, statistics, part="blocks") for block in counts]


def _require_weight(total: ColumnTotals) -> None:
    if not total.squared_norm > 0:
        raise DataError(
            "every weight is zero: no purchase is left after returns",
            remedy="check the sign of the quantity column",
        )


def _basket_kind(interactions: Interactions) -> str:
    if interactions.meta["has_baskets"]:
        return "basket_id"
    return "user and day" if interactions.meta["has_timestamps"] else "user"


def totals_of(backend: Backend, block: CsrBlock) -> ColumnTotals:
    """Totals of a block, on the host, where those of all blocks are added."""
    totals: ColumnTotals = backend.to_host(column_totals(block))
    return totals


def _article_codes(backend: Backend, block: InteractionBlock, article_ids: pa.Array) -> Any:
    """Found on the host, used on the device: a host task would bring the rows along."""
    return backend.to_device(codes_in(block.article_ids, article_ids))


def _weights(_: Backend, block: InteractionBlock, *settings: Any) -> CsrBlock:
    return user_item_weights(block, *settings)


def _baskets(_: Backend, block: InteractionBlock, *settings: Any) -> tuple[CsrBlock, int]:
    return basket_articles(block, *settings)


def _statistics(backend: Backend, block: CsrBlock) -> WeightStatistics:
    statistics: WeightStatistics = backend.to_host(weight_statistics(block))
    return statistics


def _weigh(_: Backend, block: CsrBlock, *settings: Any) -> CsrBlock:
    return weigh(block, *settings)


def per_article(total: ColumnTotals) -> dict[str, np.ndarray[Any, Any]]:
    """What later stages need to know of each article."""
    return {"n_users": total.n_users, "column_sum": total.column_sum}


def _stack(*blocks: CsrBlock) -> CsrBlock:
    return stack(list(blocks))


def _first(pair: tuple[CsrBlock, int]) -> CsrBlock:
    """The baskets of a block, brought to the host: pairs are counted much later."""
    return pair[0]


def _second(_: Backend, pair: tuple[CsrBlock, int]) -> int:
    return pair[1]


def _n_rows(block: CsrBlock) -> int:
    return block.shape[0]
