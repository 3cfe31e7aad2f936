"""Similar articles by random walks over users (RP3beta)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms.csr import CsrBlock, stack, take_rows
from cfdist.algorithms.item_paths import path_blocks, path_table
from cfdist.algorithms.sparse_products import product_top_k
from cfdist.stages.context import Artifact
from cfdist.stages.fitting import Fitting
from cfdist.stages.shards import article_shards

Array = np.ndarray[Any, Any]


class ItemPaths(Artifact):
    """Where walks end. Part ``table``: CsrBlock articles × articles, rows that sum to 1."""

    @property
    def table(self) -> Future:
        """Neighbours of each article."""
        return self.parts["table"][0]


def item_paths(fitting: Fitting) -> ItemPaths:
    """The articles that walks from each article over its users reach most often.

    Notes
    -----
    The binary matrix and its transpose are replicated; a task is a run of articles. Cost: the sum
    over users of their number of articles squared.
    """
    context, matrix = fitting.context, fitting.matrix
    settings = context.config.recommend.item_neighbors
    with context.stage("item_paths", matrix.key, settings.model_dump()) as stage:
        found = stage.resume(ItemPaths)
        if found is not None:
            return found
        whole = stage.submit(_stack, *matrix.blocks, label="stack")
        both = stage.submit(path_blocks, whole, settings.alpha, settings.beta, label="walks")
        runs = [
            stage.submit(_search, both, shard, settings.n_neighbors, label="search")
            for shard in article_shards(matrix.shape[1])
        ]
        table = stage.submit(_table, *runs, part="table")
        stage.wait([*runs, table])
        return stage.complete(ItemPaths, {}, table=[table])


def _stack(*blocks: CsrBlock) -> CsrBlock:
    return stack(list(blocks))


def _search(both: tuple[CsrBlock, CsrBlock], shard: range, k: int) -> tuple[Array, Array]:
    rows = np.arange(shard.start, shard.stop)
    return product_top_k(take_rows(both[0], rows), both[1], k, rows)


def _table(*runs: Sequence[Array]) -> CsrBlock:
    found = join_lists(*runs)
    return path_table(found["ids"], found["scores"])


def join_lists(*runs: Sequence[Array]) -> dict[str, Array]:
    """Lists of consecutive runs of rows, as the stages exchange them."""
    return {
        "ids": np.concatenate([ids for ids, _ in runs]),
        "scores": np.concatenate([scores for _, scores in runs]),
    }
