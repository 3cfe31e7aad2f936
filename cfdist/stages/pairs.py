"""Partners of every article: what is bought together, and what is similar."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.exact_neighbors import article_units
from cfdist.algorithms.pair_table import pair_columns
from cfdist.algorithms.pairs import PairCounts, transpose
from cfdist.backends import Backend
from cfdist.stages.context import Artifact
from cfdist.stages.fitting import Fitting
from cfdist.stages.shards import article_shards

Array = np.ndarray[Any, Any]


class Pairs(Artifact):
    """Partners in indexes.

    ``meta``: n_pairs. Part ``pairs``: per run of articles a dict of columns.
    """

    @property
    def shards(self) -> Sequence[Future]:
        """Per run of articles."""
        return self.parts["pairs"]


def pairs(fitting: Fitting) -> Pairs:
    """For every article its partners by shared baskets, and those by cosine of the factors.

    Notes
    -----
    Baskets and their transpose are replicated; a task is a run of articles. The transpose is made
    on the host, as sorting all entries would take a device four times their memory. Counts are made
    on the device, tables of them on the host, which needs the similar articles and the factors
    once.
    """
    context, matrix, factors = fitting.context, fitting.matrix, fitting.factors
    near = fitting.neighbors
    n, min_count = (
        context.config.neighbors.n_similar_items, context.config.recommend.min_pair_count,
    )  # fmt: skip
    with context.stage("pairs", near.key, matrix.key, n, min_count) as stage:
        found = stage.resume(Pairs)
        if found is not None:
            return found
        by_article = stage.submit(transpose, matrix.baskets, label="transpose")
        held = stage.submit(_row_lengths, by_article, label="held")
        both = stage.on_device(by_article), stage.on_device(matrix.baskets)
        similar = stage.on_host(near.articles)
        units = stage.submit(
            article_units, factors.item_factors, factors.singular_values, label="units"
        )
        shards = [
            stage.submit(
                pair_columns, shard,
                stage.compute(
                    _counted, shard, *both, near.articles, n, min_count,
                    label="counts",
                ),
                held, matrix.meta["n_baskets"], similar, units, part="pairs",
            )
            for shard in article_shards(matrix.shape[1])
        ]  # fmt: skip
        sizes = [stage.submit(_n_pairs, shard, label="count") for shard in shards]
        stage.wait([*shards, *sizes])
        meta = {"n_pairs": int(sum(future.result() for future in sizes))}
        return stage.complete(Pairs, meta, pairs=shards)


def _row_lengths(block: CsrBlock) -> Array:
    """Entries of each row: all that the tables need of the baskets."""
    return np.diff(block.indptr)


def _counted(
    backend: Backend, shard: range, by_article: CsrBlock, baskets: CsrBlock,
    similar: dict[str, Array], n: int, min_count: int,
) -> PairCounts:  # fmt: skip
    """Partners of a run of articles; three arrays per tile come to the host."""
    asked = similar["ids"][shard.start : shard.stop]
    counted: PairCounts = backend.scoring.count_pairs(
        shard, by_article, baskets, asked, n, min_count
    )
    return counted


def _n_pairs(columns: dict[str, Array]) -> int:
    return len(columns["article"])
