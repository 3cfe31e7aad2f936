"""Lists of N articles for every user, and partners for every article."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms.csr import CsrBlock, empty_rows, take_rows
from cfdist.algorithms.hashing import hash_rows
from cfdist.algorithms.profiles import group_equal
from cfdist.algorithms.scoring import Lists
from cfdist.schema import AUTO, RECOMMENDERS, USER_NEIGHBORS
from cfdist.stages.context import Artifact, Stage
from cfdist.stages.fitting import Fitting
from cfdist.stages.recommenders import FALLBACKS, Rows, Source, prepare

Array = np.ndarray[Any, Any]


class Recommendations(Artifact):
    """Lists in indexes.

    ``meta``: method, n_recommendations, n_by_source, n_short_lists.
    Parts ``lists``: per block of users a dict of ``articles``, ``scores``, ``sources``
    ``(n_distinct, n)`` and ``row_of_user`` ``(n_users of the block,)``.
    """

    @property
    def lists(self) -> Sequence[Future]:
        """Per block of users."""
        return self.parts["lists"]


def recommend(fitting: Fitting, *, filled: bool = True) -> Recommendations:
    """Ranked lists that hold no owned article, each filled to N from the next source.

    Parameters
    ----------
    filled : bool
        False: only what the method itself has to say, for protocols that measure it alone.

    Notes
    -----
    What a source needs of all users or articles is replicated. Users of a block who share a
    history are scored once.
    """
    context, settings = fitting.context, fitting.context.config.recommend
    method = USER_NEIGHBORS if settings.method == AUTO else settings.method
    chain = FALLBACKS[method] if filled else (method,)
    sources = [prepare(name, fitting) for name in chain]
    n = min(settings.n_recommendations, fitting.index.n_articles)
    keys = [source.key for source in sources]
    with context.stage("recommend", chain, keys, n, settings.owned) as stage:
        found = stage.resume(Recommendations)
        if found is not None:
            return found
        lists = _all_lists(stage, fitting.matrix.blocks, sources, n, settings.owned == "exclude")
        summaries = [stage.submit(_summary, block, label="count") for block in lists]
        stage.wait([*lists, *summaries])
        by_source = np.sum([future.result()[0] for future in summaries], axis=0)
        meta = {
            "method": method,
            "n_recommendations": n,
            "n_by_source": dict(zip(RECOMMENDERS, by_source.tolist(), strict=True)),
            "n_short_lists": int(sum(future.result()[1] for future in summaries)),
        }
        return stage.complete(Recommendations, meta, lists=lists)


def _all_lists(
    stage: Stage, blocks: Sequence[Future], sources: list[Source], n: int, owned_blocked: bool
) -> list[Future]:
    """One task per block of users, all sources in it."""
    arguments = [source.arguments(stage) for source in sources]
    return [
        stage.submit(
            _lists,
            block,
            [
                (source.fill, RECOMMENDERS.index(source.name), *arguments[place][number])
                for place, source in enumerate(sources)
            ],
            n,
            owned_blocked,
            part="lists",
        )
        for number, block in enumerate(blocks)
    ]


def _lists(
    block: CsrBlock, fills: list[tuple[Any, ...]], n: int, owned_blocked: bool
) -> dict[str, Array]:
    """Lists of a block's distinct histories."""
    of_row, local = group_equal(hash_rows(block.indptr, block.indices, block.data))
    history = take_rows(block, local)
    blocked = history if owned_blocked else empty_rows(history.shape)
    rows = Rows(history, blocked, local)
    lists = Lists.empty(len(local), n)
    for fill, source, *arguments in fills:
        fill(lists, rows, source, *arguments)
    return lists._asdict() | {"row_of_user": of_row.astype(np.int32)}


def _summary(lists: dict[str, Array]) -> tuple[Array, int]:
    """Entries by source, and lists with fewer than N entries, over users."""
    sources = lists["sources"][lists["row_of_user"]]
    counts = np.bincount(sources[sources >= 0].astype(np.int64), minlength=len(RECOMMENDERS))
    return counts, int(np.count_nonzero((sources < 0).any(axis=1)))
