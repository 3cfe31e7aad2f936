"""Exact similar users and similar articles."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms import exact_neighbors
from cfdist.algorithms.profiles import Profiles, owners_in
from cfdist.backends import Backend, get_backend
from cfdist.stages.context import Artifact, Context, Stage
from cfdist.stages.factorize import Factors
from cfdist.stages.index import Index
from cfdist.stages.profiles import ProfileTable

TASKS_PER_THREAD = 8
MIN_ASSIGNED, MIN_SEARCHED = 20_000, 2_000
"""Rows that are worth a task of their own."""

Run = tuple[int, int]
Sides = tuple[str, ...]
BOTH: Sides = ("users", "articles")


class Neighbors(Artifact):
    """Similar users over distinct histories, and similar articles.

    ``meta``: user_pairs_share, article_pairs_share (pairs computed of all pairs).
    Parts ``users`` and ``articles``: dict of ``ids`` int64 ``(n, k)`` by (−score, index), −1 for
    none, and ``scores`` float32; on the device.
    """

    @property
    def users(self) -> Future:
        """Neighbours of each profile: other profiles with another article set."""
        return self.parts["users"][0]

    @property
    def articles(self) -> Future:
        """Neighbours of each article."""
        return self.parts["articles"][0]


def neighbors(
    context: Context, index: Index, profiles: ProfileTable, factors: Factors, sides: Sides = BOTH
) -> Neighbors:
    """The most similar profiles and articles by cosine over UΣ and VΣ.

    Parameters
    ----------
    sides : tuple of {"users", "articles"}
        What is searched for; evaluation often needs one of them.

    Notes
    -----
    The search index of unit rows is one replicated value, mapped from a file out of core; a task
    is a run of query tiles, at most 8 tasks per thread. Where it would fill a device, the profiles
    are in shards, runs of the blocks of users: a task searches one run of queries in one shard.
    The result does not depend on how the tiles are dealt out, nor on the groups or shards.
    """
    settings = context.config.neighbors
    with context.stage("neighbors", factors.key, settings.model_dump(), sides) as stage:
        found = stage.resume(Neighbors)
        if found is not None:
            return found
        meta, parts = {}, {}
        if "users" in sides:
            k = settings.n_similar_users
            meta["user_pairs_share"], parts["users"] = _similar_users(
                stage, index, profiles, factors, k
            )
        if "articles" in sides:
            meta["article_pairs_share"], parts["articles"] = _similar_articles(
                stage, factors, index.n_articles, settings.n_similar_items
            )
        return stage.complete(Neighbors, meta, **{side: [found] for side, found in parts.items()})


def _similar_users(
    stage: Stage, index: Index, profiles: ProfileTable, factors: Factors, k: int
) -> tuple[float, Future]:
    """Share of the pairs of profiles that was computed, and the lists; empty ones for k = 0."""
    if k == 0:
        nobody = stage.compute(_assemble, profiles.n_profiles, 0, part="users")
        stage.wait([nobody])
        return 0.0, nobody
    shards = _user_shards(stage, index, profiles, factors, k)
    return _search(stage, shards, profiles.n_profiles, k, "users")


def _user_shards(
    stage: Stage, index: Index, profiles: ProfileTable, factors: Factors, k: int
) -> list[Future]:
    """Search indexes of the profiles; what they are made of is not held while they are searched."""
    units = [
        stage.compute(_profile_units, part, profiles.profiles, *index.bounds(number), label="rows")
        for number, part in enumerate(factors.user_factors)
    ]
    n_shards = min(len(units), _n_shards(stage, profiles.n_profiles, factors.n_components))
    n_rows = profiles.n_profiles // n_shards
    shards = []
    for run in np.array_split(np.arange(len(units)), n_shards):
        first, last = int(run[0]), int(run[-1]) + 1
        users = index.first_users[first], index.first_users[last]
        rows = stage.compute(_stack, *units[first:last], label="rows")
        families = stage.submit(_families, profiles.profiles, *users, label="rows")
        shards.append(_grouped(stage, rows, families, n_rows, k, "users"))
    return shards


def _similar_articles(
    stage: Stage, factors: Factors, n_articles: int, k: int
) -> tuple[float, Future]:
    """The same for articles; each is a family of its own."""
    rows = stage.compute(
        _article_units, factors.item_factors, factors.singular_values, label="rows"
    )
    families = stage.compute(_lone, n_articles, label="rows")
    grouped = _grouped(stage, rows, families, n_articles, k, "articles")
    return _search(stage, [grouped], n_articles, k, "articles")


def _search(
    stage: Stage, shards: list[Future], n_rows: int, k: int, side: str
) -> tuple[float, Future]:
    """Search in runs of tiles, put the lists together."""
    searched, found = [], []
    for shard in shards:
        n_tiles = stage.result(stage.compute(_n_tiles, shard, label="tiles"))
        for run in _runs(stage, n_tiles, n_rows // len(shards)):
            asked = run if len(shards) == 1 else stage.compute(_asked, shard, run, label="ask")
            lists = [
                stage.compute(_found, other, asked, k, label=f"search-{side}") for other in shards
            ]
            searched += lists
            found += lists if len(lists) == 1 else [stage.compute(_merge, *lists, label="merge")]
    pairs = [stage.compute(_pairs, lists, label="count") for lists in found]
    assembled = stage.compute(_assemble, n_rows, k, *found, part=side)
    stage.wait(dict.fromkeys([*searched, *found, *pairs, assembled]))
    return sum(future.result() for future in pairs) / n_rows**2, assembled


def _runs(stage: Stage, n_tiles: int, n_rows: int) -> list[Run]:
    """First tile and end of each task; one empty run where there are no tiles."""
    wanted = min(TASKS_PER_THREAD * _n_threads(stage), n_rows // MIN_SEARCHED)
    n_runs = max(1, min(n_tiles, max(wanted, _n_threads(stage))))
    sizes = [len(run) for run in np.array_split(np.arange(n_tiles), n_runs)]
    ends = np.cumsum(sizes).tolist()
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _grouped(
    stage: Stage, rows: Future, families: Future, n_rows: int, k: int, side: str
) -> Future:
    """A search index. Rows are assigned to centroids in slices, as that is most of the work.

    Out of core it is a part, so that the tasks of the search map one file.
    """
    centroids = stage.compute(_centroids, rows, label="centroids")
    n_slices = min(n_rows // MIN_ASSIGNED, _n_threads(stage)) + 1
    assigned = [
        stage.compute(_assign, rows, number, n_slices, centroids, label="assign")
        for number in range(n_slices)
    ]
    part = f"{side}-index" if stage.context.out_of_core else ""
    return stage.compute(
        _arrange, rows, families, centroids, k, *assigned, label="arrange", part=part
    )


def _n_shards(stage: Stage, n_rows: int, n_components: int) -> int:
    """As many as the smallest device needs."""
    context = stage.context
    asked = context.client.run(_shards_here, context.backend, n_rows, n_components)
    return max(asked.values(), default=1)


def _shards_here(name: str, n_rows: int, n_components: int) -> int:
    backend = get_backend(name)
    return int(backend.neighbors.n_shards(n_rows, n_components, backend.memory().total_bytes))


def _n_threads(stage: Stage) -> int:
    return sum(stage.context.client.nthreads().values()) or 1


def _profile_units(
    backend: Backend, factors: Any, profiles: Profiles, first: int, last: int
) -> Any:
    owners = backend.to_device(owners_in(backend.to_host(profiles), first, last))
    return exact_neighbors.unit_rows(factors[owners])


def _article_units(backend: Backend, item_factors: Any, singular_values: Any) -> Any:
    return exact_neighbors.article_units(item_factors, singular_values)


def _families(profiles: Profiles, first: int, last: int) -> tuple[Any, int]:
    """Families of the profiles of the users ``first`` … ``last − 1``, and the first's number."""
    begin, end = np.searchsorted(profiles.owner, [first, last]).tolist()
    return profiles.family[begin:end], begin


def _lone(backend: Backend, n_rows: int) -> tuple[Any, int]:
    return backend.xp.arange(n_rows), 0


def _stack(backend: Backend, *units: Any) -> Any:
    return backend.xp.concatenate(units)


def _centroids(backend: Backend, rows: Any) -> Any:
    return backend.neighbors.centroids(rows)


def _assign(backend: Backend, rows: Any, number: int, n_slices: int, centroids: Any) -> Any:
    first, last = np.linspace(0, len(rows), n_slices + 1).astype(int)[number : number + 2].tolist()
    return backend.neighbors.assign(rows[first:last], centroids)


def _arrange(
    backend: Backend, rows: Any, families: tuple[Any, int], centroids: Any, k: int, *assigned: Any
) -> Any:
    """The index over the rows that are not zero."""
    joined = [backend.xp.concatenate(arrays) for arrays in zip(*assigned, strict=True)]
    family, first = families
    return backend.neighbors.arrange(rows, family, joined, centroids, k, first)


def _n_tiles(backend: Backend, index: Any) -> int:
    return int(backend.neighbors.n_tiles(index))


def _asked(backend: Backend, index: Any, run: Run) -> Any:
    return backend.neighbors.queries(index, *run)


def _found(backend: Backend, index: Any, asked: Any, k: int) -> Any:
    return backend.neighbors.search(index, asked, k)


def _merge(backend: Backend, *found: Any) -> Any:
    return backend.neighbors.merge(*found)


def _pairs(backend: Backend, found: Sequence[Any]) -> int:
    return int(found[3])


def _assemble(backend: Backend, n_rows: int, k: int, *found: Sequence[Any]) -> dict[str, Any]:
    """Lists in the order of rows; rows without factors have none."""
    xp = backend.xp
    ids = xp.full((n_rows, k), -1, dtype=xp.int64)
    scores = xp.zeros((n_rows, k), dtype=xp.float32)
    for queries, neighbor_ids, neighbor_scores, _ in found:
        ids[queries] = neighbor_ids
        scores[queries] = xp.where(neighbor_ids >= 0, neighbor_scores, 0)
    return {"ids": ids, "scores": scores}
