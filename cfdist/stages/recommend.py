"""Lists of N articles for every user, and partners for every article."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from distributed import Future

from cfdist.algorithms.csr import CsrBlock, empty_rows, take_rows
from cfdist.algorithms.hashing import hash_rows
from cfdist.algorithms.lists import Blocked, Lists
from cfdist.algorithms.profiles import group_equal
from cfdist.algorithms.rules import Rules
from cfdist.backends import Backend
from cfdist.schema import AUTO, HISTORY, POPULAR, RECOMMENDERS, USER_NEIGHBORS
from cfdist.stages.context import Artifact, Stage
from cfdist.stages.fitting import Fitting
from cfdist.stages.recommenders import FALLBACKS, Rows, Source, popular, prepare
from cfdist.stages.recommenders.by_rules import fill_by_rules

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


class Wanted(NamedTuple):
    """What the lists of a run are to be.

    Attributes
    ----------
    n : int, entries of a list
    owned_blocked : bool, whether a list leaves out what its user has
    shared : bool, whether users with one history share a list
    limited : bool, whether an entry may keep another one out
    max_per_category : int; 0: no limit
    """

    n: int
    owned_blocked: bool
    shared: bool
    limited: bool
    max_per_category: int


def recommend(fitting: Fitting, *, filled: bool = True) -> Recommendations:
    """Ranked lists of what the catalogue allows, each filled to N from the next source.

    Parameters
    ----------
    filled : bool
        False: only what the method itself has to say, for protocols that measure it alone.

    Notes
    -----
    What a source needs of all users or articles is replicated. Users of a block who share a
    history are scored once. The rules of :func:`~cfdist.stages.catalogue.catalogue` are the same
    for all users, so that holds with them, too. A variant of what the user has may be listed:
    who bought a shirt may want it in another colour, and what nobody buys twice scores low.
    """
    context, settings = fitting.context, fitting.context.config.recommend
    method = USER_NEIGHBORS if settings.method == AUTO else settings.method
    chain = FALLBACKS[method] if filled else (method,)
    sources = [prepare(name, fitting) for name in chain]
    rules = fitting.catalogue
    wanted = Wanted(
        n=min(settings.n_recommendations, fitting.index.n_articles),
        owned_blocked=settings.owned == "exclude",
        shared=HISTORY not in chain,  # what was bought last differs between equal weights
        limited=rules.has_limits,
        max_per_category=settings.max_per_category or 0,
    )
    keys = [rules.key, *(source.key for source in sources)]
    with context.stage("recommend", chain, keys, wanted) as stage:
        found = stage.resume(Recommendations)
        if found is not None:
            return found
        lists = _all_lists(stage, fitting.matrix.blocks, sources, wanted, rules.articles)
        summaries = [stage.submit(_summary, block, label="count") for block in lists]
        stage.wait([*lists, *summaries])
        by_source = np.sum([future.result()[0] for future in summaries], axis=0)
        if not by_source.any():
            context.note(
                "every list is empty: nobody lacks an article that somebody else has, or the "
                "rules allow none"
            )
        meta = {
            "method": method,
            "n_recommendations": wanted.n,
            "n_by_source": dict(zip(RECOMMENDERS, by_source.tolist(), strict=True)),
            "n_short_lists": int(sum(future.result()[1] for future in summaries)),
        }
        return stage.complete(Recommendations, meta, lists=lists)


def _all_lists(
    stage: Stage, blocks: Sequence[Future], sources: list[Source], wanted: Wanted,
    rules: Future | None,
) -> list[Future]:  # fmt: skip
    """One device task per block of users, all sources in it."""
    arguments = [source.arguments(stage) for source in sources]
    if rules is not None:
        rules = stage.submit(_rules, rules, wanted.max_per_category, label="rules")
    return [
        stage.compute(
            _lists,
            block,
            [
                (source.fill, RECOMMENDERS.index(source.name), *arguments[place][number])
                for place, source in enumerate(sources)
            ],
            wanted,
            rules,
            part="lists",
        )
        for number, block in enumerate(blocks)
    ]


def _rules(articles: dict[str, Array], max_per_category: int) -> Rules:
    return Rules(**articles, max_per_category=max_per_category)


def _lists(
    backend: Backend,
    block: CsrBlock,
    fills: list[tuple[Any, ...]],
    wanted: Wanted,
    rules: Rules | None,
) -> dict[str, Array]:
    """Lists of a block's distinct histories, on the host.

    Notes
    -----
    Between device and host go the denied articles, the rows with a free place (once per source),
    one array of candidates per tile, and the row of each user: 2 arrays up and 1 + n_tiles down
    with one source. ``popular`` brings what short rows own (3 arrays) to the host, where it ranks.
    """
    of_row, rows = _distinct_rows(backend, block, wanted, rules)
    lists = Lists.empty(len(rows.local), wanted.n)
    for fill, source, *arguments in fills:
        if rules is None or not wanted.limited:
            fill(backend, lists, rows, source, *arguments)
        elif source == RECOMMENDERS.index(POPULAR):
            popular.walk(backend, lists, rows, source, rules, *arguments)
        else:
            fill_by_rules(backend, lists, rows, fill, source, tuple(arguments), rules)
    return lists._asdict() | {"row_of_user": backend.to_host(of_row.astype(np.int32))}


def _distinct_rows(
    backend: Backend, block: CsrBlock, wanted: Wanted, rules: Rules | None
) -> tuple[Array, Rows]:
    """Row of each user, and what is known of the rows."""
    of_row = local = backend.xp.arange(block.shape[0])
    if wanted.shared:
        of_row, local = group_equal(hash_rows(block.indptr, block.indices, block.data))
    history = take_rows(block, local)
    owned = history if wanted.owned_blocked else empty_rows(history.shape, like=history.data)
    blocked = owned if rules is None else Blocked(owned, backend.to_device(rules.denied))
    return of_row, Rows(history, blocked, local)


def _summary(lists: dict[str, Array]) -> tuple[Array, int]:
    """Entries by source, and lists with fewer than N entries, over users."""
    sources = lists["sources"][lists["row_of_user"]]
    counts = np.bincount(sources[sources >= 0].astype(np.int64), minlength=len(RECOMMENDERS))
    return counts, int(np.count_nonzero((sources < 0).any(axis=1)))
