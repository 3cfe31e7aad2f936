"""Exact similar users and similar articles."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms import exact_neighbors
from cfdist.algorithms.neighbor_groups import (
    NeighborIndex,
    arrange,
    assign,
    fit_centroids,
    groups_for,
    query_tiles,
)
from cfdist.algorithms.profiles import Profiles, owners_in
from cfdist.stages.context import Artifact, Context, Stage
from cfdist.stages.factorize import Factors
from cfdist.stages.index import Index
from cfdist.stages.profiles import ProfileTable

TASKS_PER_THREAD = 8
MIN_ASSIGNED, MIN_SEARCHED = 20_000, 2_000
"""Rows that are worth a task of their own."""

Array = np.ndarray[Any, Any]
Sides = tuple[str, ...]
BOTH: Sides = ("users", "articles")


class Neighbors(Artifact):
    """Similar users over distinct histories, and similar articles.

    ``meta``: user_pairs_share, article_pairs_share (pairs computed of all pairs).
    Parts ``users`` and ``articles``: dict of ``ids`` int64 ``(n, k)`` by (−score, index), −1 for
    none, and ``scores`` float32.
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
    The grouped unit rows are one replicated value, mapped from a file out of core; a task is a run
    of query tiles, at most 8 tasks per thread. The result does not depend on how the tiles are
    dealt out, nor on the groups.
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
        nobody = stage.submit(_assemble, profiles.n_profiles, 0, part="users")
        stage.wait([nobody])
        return 0.0, nobody
    grouped = _grouped_users(stage, index, profiles, factors, k)
    return _search(stage, grouped, profiles.n_profiles, k, "users")


def _grouped_users(
    stage: Stage, index: Index, profiles: ProfileTable, factors: Factors, k: int
) -> Future:
    """The search index of the profiles; what it is made of is not held while it is searched."""
    units = [
        stage.submit(_profile_units, part, profiles.profiles, *index.bounds(number), label="rows")
        for number, part in enumerate(factors.user_factors)
    ]
    rows = stage.submit(_stack, *units, label="rows")
    families = stage.submit(_families, profiles.profiles, label="rows")
    return _grouped(stage, rows, families, profiles.n_profiles, k, "users")


def _similar_articles(
    stage: Stage, factors: Factors, n_articles: int, k: int
) -> tuple[float, Future]:
    """The same for articles; each is a family of its own."""
    rows = stage.submit(
        exact_neighbors.article_units, factors.item_factors, factors.singular_values, label="rows"
    )
    families = stage.submit(np.arange, n_articles, label="rows")
    grouped = _grouped(stage, rows, families, n_articles, k, "articles")
    return _search(stage, grouped, n_articles, k, "articles")


def _search(stage: Stage, index: Future, n_rows: int, k: int, side: str) -> tuple[float, Future]:
    """Search in runs of tiles, put the lists together."""
    tiles = stage.result(stage.submit(query_tiles, index, label="tiles"))
    wanted = min(TASKS_PER_THREAD * _n_threads(stage), n_rows // MIN_SEARCHED)
    runs = np.array_split(tiles, max(1, min(len(tiles), max(wanted, _n_threads(stage)))))
    found = [
        stage.submit(exact_neighbors.search, index, run, k, label=f"search-{side}") for run in runs
    ]
    pairs = [stage.submit(_pairs, run, label="count") for run in found]
    lists = stage.submit(_assemble, n_rows, k, *found, part=side)
    stage.wait([*found, *pairs, lists])
    return sum(future.result() for future in pairs) / n_rows**2, lists


def _grouped(
    stage: Stage, rows: Future, families: Future, n_rows: int, k: int, side: str
) -> Future:
    """The search index. Rows are assigned to centroids in slices, as that is most of the work.

    Out of core it is a part, so that the tasks of the search map one file.
    """
    centroids = stage.submit(_centroids, rows, label="centroids")
    bounds = np.linspace(0, n_rows, min(n_rows // MIN_ASSIGNED, _n_threads(stage)) + 2).astype(int)
    assigned = [
        stage.submit(_assign, rows, int(first), int(last), centroids, label="assign")
        for first, last in pairwise(bounds)
    ]
    part = f"{side}-index" if stage.context.out_of_core else ""
    return stage.submit(
        _arrange, rows, families, centroids, k, *assigned, label="arrange", part=part
    )


def _n_threads(stage: Stage) -> int:
    return sum(stage.context.client.nthreads().values()) or 1


def _profile_units(factors: Array, profiles: Profiles, first: int, last: int) -> Array:
    return exact_neighbors.unit_rows(factors[owners_in(profiles, first, last)])


def _families(profiles: Profiles) -> Array:
    return profiles.family


def _stack(*units: Array) -> Array:
    return np.concatenate(units)


def _centroids(rows: Array) -> Array:
    rows = rows[rows.any(axis=1)]
    return fit_centroids(rows, groups_for(len(rows)))


def _assign(rows: Array, first: int, last: int, centroids: Array) -> tuple[Array, Array]:
    return assign(rows[first:last], centroids)


def _arrange(
    rows: Array, families: Array, centroids: Array, k: int, *assigned: tuple[Array, Array]
) -> NeighborIndex:
    """The index over the rows that are not zero."""
    groups, angles = (np.concatenate(arrays) for arrays in zip(*assigned, strict=True))
    known = np.flatnonzero(rows.any(axis=1))
    if len(known) < len(rows):
        rows, groups, angles, families = rows[known], groups[known], angles[known], families[known]
    return arrange(rows, known, families, groups, angles, centroids, k)


def _pairs(found: Sequence[Any]) -> int:
    return int(found[3])


def _assemble(n_rows: int, k: int, *found: Sequence[Any]) -> dict[str, Array]:
    """Lists in the order of rows; rows without factors have none."""
    ids = np.full((n_rows, k), -1, dtype=np.int64)
    scores = np.zeros((n_rows, k), dtype=np.float32)
    for queries, neighbor_ids, neighbor_scores, _ in found:
        ids[queries] = neighbor_ids
        scores[queries] = np.where(neighbor_ids >= 0, neighbor_scores, 0)
    return {"ids": ids, "scores": scores}
