"""Exact similar users and similar articles."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms import exact_neighbors
from cfdist.algorithms.exact_neighbors import NeighborIndex
from cfdist.algorithms.profiles import Profiles, owners_in
from cfdist.algorithms.repeated_rows import DistinctRows, find_distinct, lists_of_all
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
            found_users, n_pairs = _search(stage, grouped, k, "users")
            parts["users"] = stage.submit(_assemble, n, k, *found_users, part="users")
            stage.wait([parts["users"]])
            meta["user_pairs_share"] = n_pairs / n**2
        if "articles" in sides:
            parts["articles"], meta["article_pairs_share"] = _similar_articles(
                stage, factors, settings.n_similar_items
            )
        return stage.complete(Neighbors, meta, **{side: [found] for side, found in parts.items()})


def _group_profiles(stage: Stage, index: Index, profiles: ProfileTable, factors: Factors) -> Future:
    """The search index over the factors of the profiles."""
    units = [
        stage.submit(_unit_rows, part, profiles.profiles, *index.bounds(number), label="rows")
        for number, part in enumerate(factors.user_factors)
    ]
    return stage.submit(_user_index, profiles.profiles, *units, label="group")


def _similar_articles(stage: Stage, factors: Factors, k: int) -> tuple[Future, float]:
    """Lists of all articles: those whom the same users bought are one row of the search."""
    units = stage.submit(
        exact_neighbors.article_units, factors.item_factors, factors.singular_values, label="units"
    )
    distinct = stage.submit(find_distinct, units, label="distinct")
    rows = stage.submit(_first_rows, units, distinct, label="distinct")
    grouped = stage.submit(_article_index, rows, label="group")
    found, n_pairs = _search(stage, grouped, k, "articles")
    lists = stage.submit(_assemble_all, distinct, rows, k, *found, part="articles")
    n_rows = stage.result(stage.submit(len, rows, label="count"))
    stage.wait([lists])
    return lists, n_pairs / max(1, n_rows) ** 2


def _search(stage: Stage, index: Future, k: int, side: str) -> tuple[list[Future], int]:
    """Lists of runs of queries, and the number of pairs that were computed."""
    tiles = stage.result(stage.submit(exact_neighbors.query_tiles, index, label="tiles"))
    threads = sum(stage.context.client.nthreads().values()) or 1
    runs = np.array_split(tiles, max(1, min(len(tiles), TASKS_PER_THREAD * threads)))
    found = [
        stage.submit(exact_neighbors.search, index, run, k, label=f"search-{side}") for run in runs
    ]
    pairs = [stage.submit(_pairs, run, label="count") for run in found]
    stage.wait([*found, *pairs])
    return found, sum(future.result() for future in pairs)


def _unit_rows(factors: Array, profiles: Profiles, first: int, last: int) -> Array:
    return exact_neighbors.unit_rows(factors[owners_in(profiles, first, last)])


def _user_index(profiles: Profiles, *units: Array) -> NeighborIndex:
    return exact_neighbors.build_index(np.concatenate(units), profiles.family)


def _first_rows(units: Array, distinct: DistinctRows) -> Array:
    return units[distinct.first]


def _article_index(rows: Array) -> NeighborIndex:
    return exact_neighbors.build_index(rows, np.arange(len(rows)))


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


def _assemble_all(
    distinct: DistinctRows, rows: Array, k: int, *found: Sequence[Any]
) -> dict[str, Array]:
    """Lists of all rows from those of the distinct ones."""
    lists = _assemble(len(rows), k, *found)
    ids, scores = lists_of_all(distinct, rows, lists["ids"], lists["scores"])
    return {"ids": ids, "scores": np.where(ids >= 0, scores, np.float32(0))}
