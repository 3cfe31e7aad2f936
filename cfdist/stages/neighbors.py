"""Exact similar users and similar articles."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms import exact_neighbors
from cfdist.algorithms.exact_neighbors import NeighborIndex
from cfdist.algorithms.profiles import Profiles, owners_in
from cfdist.stages.context import Artifact, Context, Stage
from cfdist.stages.factorize import Factors
from cfdist.stages.index import Index
from cfdist.stages.profiles import ProfileTable

TASKS_PER_THREAD = 8

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
    The unit rows are one replicated value; a task is a run of query tiles, at most 8 tasks per
    thread. The result does not depend on how the tiles are dealt out.
    """
    settings = context.config.neighbors
    with context.stage("neighbors", factors.key, settings.model_dump(), sides) as stage:
        found = stage.resume(Neighbors)
        if found is not None:
            return found
        meta, parts = {}, {}
        if "users" in sides and not settings.n_similar_users:
            nobody = stage.submit(_assemble, profiles.n_profiles, 0, part="users")
            stage.wait([nobody])
            parts["users"], meta["user_pairs_share"] = nobody, 0.0
        elif "users" in sides:
            grouped = _group_profiles(stage, index, profiles, factors)
            n, k = profiles.n_profiles, settings.n_similar_users
            parts["users"], meta["user_pairs_share"] = _search(stage, grouped, n, k, "users")
        if "articles" in sides:
            grouped = stage.submit(
                _article_index, factors.item_factors, factors.singular_values, label="group"
            )
            n, k = index.n_articles, settings.n_similar_items
            parts["articles"], meta["article_pairs_share"] = _search(
                stage, grouped, n, k, "articles"
            )
        return stage.complete(Neighbors, meta, **{side: [found] for side, found in parts.items()})


def _group_profiles(stage: Stage, index: Index, profiles: ProfileTable, factors: Factors) -> Future:
    """The search index over the factors of the profiles."""
    units = [
        stage.submit(_unit_rows, part, profiles.profiles, *index.bounds(number), label="rows")
        for number, part in enumerate(factors.user_factors)
    ]
    return stage.submit(_user_index, profiles.profiles, *units, label="group")


def _search(stage: Stage, index: Future, n_rows: int, k: int, part: str) -> tuple[Future, float]:
    """Neighbour lists of all rows of an index, and the share of all pairs that was computed."""
    tiles = stage.result(stage.submit(exact_neighbors.query_tiles, index, label="tiles"))
    threads = sum(stage.context.client.nthreads().values()) or 1
    runs = np.array_split(tiles, max(1, min(len(tiles), TASKS_PER_THREAD * threads)))
    found = [
        stage.submit(exact_neighbors.search, index, run, k, label=f"search-{part}") for run in runs
    ]
    pairs = [stage.submit(_pairs, run, label="count") for run in found]
    lists = stage.submit(_assemble, n_rows, k, *found, part=part)
    stage.wait([*found, *pairs, lists])
    return lists, sum(future.result() for future in pairs) / n_rows**2


def _unit_rows(factors: Array, profiles: Profiles, first: int, last: int) -> Array:
    return exact_neighbors.unit_rows(factors[owners_in(profiles, first, last)])


def _user_index(profiles: Profiles, *units: Array) -> NeighborIndex:
    return exact_neighbors.build_index(np.concatenate(units), profiles.family)


def _article_index(item_factors: Array, singular_values: Array) -> NeighborIndex:
    units = exact_neighbors.article_units(item_factors, singular_values)
    return exact_neighbors.build_index(units, np.arange(len(units)))


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
