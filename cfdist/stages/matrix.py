"""Users × articles in row blocks, and baskets × articles beside it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from distributed import Future

from cfdist.algorithms.baskets import basket_articles
from cfdist.algorithms.csr import CsrBlock, stack
from cfdist.algorithms.interactions import InteractionBlock, codes_in
from cfdist.algorithms.variance import ColumnTotals, add_totals, column_totals
from cfdist.algorithms.weighting import user_item_weights, weigh
from cfdist.errors import DataError
from cfdist.stages.context import Artifact, Context
from cfdist.stages.index import Index, tree_reduce
from cfdist.stages.ingest import Interactions


class UserItemMatrix(Artifact):
    """The weighted matrix and the baskets.

    ``meta``: shape, nnz, squared_norm, n_baskets, n_large_baskets, basket_kind.
    Parts ``blocks``: a :class:`CsrBlock` per run of users; ``baskets``: one of baskets × articles;
    ``articles``: one dict of arrays per article: n_users, column_sum.
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
    depends = (index.key, settings.model_dump(), ingest.returns, ingest.max_basket_articles)
    with context.stage("matrix", *depends) as stage:
        found = stage.resume(UserItemMatrix)
        if found is not None:
            return found
        _require_some(index)
        blocks, baskets, skipped = [], [], []
        for block in interactions.blocks:
            codes = stage.submit(_article_codes, block, index.article_ids, label="codes")
            blocks.append(
                stage.submit(_weights, block, codes, index.n_articles, settings.aggregate,
                             settings.weighting, ingest.returns, part="blocks")
            )  # fmt: skip
            both = stage.submit(
                basket_articles, block, codes, index.n_articles, ingest.max_basket_articles,
                label="baskets",
            )  # fmt: skip
            baskets.append(stage.submit(_first, both, label="baskets"))
            skipped.append(stage.submit(_second, both, label="baskets"))
        totals = [stage.submit(column_totals, block, label="totals") for block in blocks]
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


def _require_some(index: Index) -> None:
    for number, what in ((index.n_users, "user"), (index.n_articles, "article")):
        if number < 2:
            raise DataError(
                f"the input has {number} {what}{'' if number == 1 else 's'}; "
                "recommendations need at least 2",
                remedy=f"check which column ingest.columns.{what}_id names",
            )


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


def _article_codes(block: InteractionBlock, article_ids: pa.Array) -> np.ndarray[Any, Any]:
    return codes_in(block.article_ids, article_ids)


def _weights(
    block: InteractionBlock,
    codes: np.ndarray[Any, Any],
    n_articles: int,
    aggregate: str,
    weighting: str,
    returns: str,
) -> CsrBlock:
    return weigh(user_item_weights(block, codes, n_articles, aggregate, returns), weighting)


def per_article(total: ColumnTotals) -> dict[str, np.ndarray[Any, Any]]:
    """What later stages need to know of each article."""
    return {"n_users": total.n_users, "column_sum": total.column_sum}


def _stack(*blocks: CsrBlock) -> CsrBlock:
    return stack(list(blocks))


def _first(pair: tuple[CsrBlock, int]) -> CsrBlock:
    return pair[0]


def _second(pair: tuple[CsrBlock, int]) -> int:
    return pair[1]


def _n_rows(block: CsrBlock) -> int:
    return block.shape[0]
