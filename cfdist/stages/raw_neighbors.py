"""Similar users in the space of the articles themselves, popular articles damped."""

from typing import Any

import numpy as np
from distributed import Future

from cfdist.algorithms.csr import CsrBlock, take_rows
from cfdist.algorithms.pairs import transpose
from cfdist.algorithms.profiles import Profiles
from cfdist.algorithms.raw_neighbors import damped_unit_rows
from cfdist.algorithms.raw_neighbors import raw_neighbors as nearest
from cfdist.stages.context import Artifact
from cfdist.stages.fitting import Fitting
from cfdist.stages.item_paths import join_lists
from cfdist.stages.shards import article_shards

Array = np.ndarray[Any, Any]


class RawNeighbors(Artifact):
    """Similar profiles. Part ``users``: dict of ``ids`` and ``scores`` ``(n_profiles, k)``."""

    @property
    def users(self) -> Future:
        """Neighbours of each profile: other profiles with another article set."""
        return self.parts["users"][0]


def raw_neighbors(fitting: Fitting) -> RawNeighbors:
    """The profiles with the largest cosine over binary histories, articles weighing d^-damping.

    Notes
    -----
    The profiles and their transpose are replicated; a task is a run of profiles. Cost: the sum
    over articles of their number of profiles squared.
    """
    context, table = fitting.context, fitting.profiles
    settings = context.config.recommend.user_neighbors
    space = (settings.article_damping, settings.length_exponent)
    k = context.config.neighbors.n_similar_users
    with context.stage("raw_neighbors", table.key, space, k) as stage:
        found = stage.resume(RawNeighbors)
        if found is not None:
            return found
        units = stage.submit(_units, table.matrix, fitting.matrix.articles, *space, label="units")
        by_article = stage.submit(transpose, units, label="transpose")
        runs = [
            stage.submit(_search, units, by_article, table.profiles, shard, k, label="search")
            for shard in article_shards(table.n_profiles)
        ]
        users = stage.submit(join_lists, *runs, part="users")
        stage.wait([*runs, users])
        return stage.complete(RawNeighbors, {}, users=[users])


def _units(
    histories: CsrBlock, articles: dict[str, Array], damping: float, length_exponent: float
) -> CsrBlock:
    return damped_unit_rows(histories, articles["n_users"], damping, length_exponent)


def _search(
    units: CsrBlock, by_article: CsrBlock, profiles: Profiles, shard: range, k: int
) -> tuple[Array, Array]:
    rows = np.arange(shard.start, shard.stop)
    return nearest(
        take_rows(units, rows),
        by_article,
        k,
        profiles.family[shard.start : shard.stop],
        profiles.family,
    )
