"""``user_neighbors``: what similar users took, weighted by their similarity."""

from itertools import pairwise
from typing import Any

import numpy as np

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.lists import Lists, rows_of_lists
from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.profiles import Profiles
from cfdist.algorithms.weighting import column_scaled
from cfdist.backends import Backend
from cfdist.config import Config
from cfdist.errors import ConfigError
from cfdist.schema import AUTO, BLEND, USER_NEIGHBORS
from cfdist.stages.context import Stage
from cfdist.stages.fitting import Fitting
from cfdist.stages.raw_neighbors import raw_neighbors
from cfdist.stages.recommenders import Rows, Source

Array = np.ndarray[Any, Any]


def require_neighbors(config: Config) -> None:
    """Refuse a method that needs similar users where none are searched for.

    Raises
    ------
    ConfigError
        ``neighbors.n_similar_users`` is 0.
    """
    recommend = config.recommend
    blended = recommend.method == BLEND and recommend.blend.user_neighbors > 0
    if (recommend.method in (USER_NEIGHBORS, AUTO) or blended) and not (
        config.neighbors.n_similar_users
    ):
        raise ConfigError(
            f"neighbors.n_similar_users = 0, and recommend.method = {recommend.method!r} needs "
            "similar users",
            remedy="choose another method, such as item_neighbors, or 20 similar users",
        )


def prepare(fitting: Fitting) -> Source:
    """Neighbours in the space of factors, or in that of the articles themselves."""
    require_neighbors(fitting.context.config)
    settings = fitting.context.config.recommend.user_neighbors
    near = fitting.similar_users if settings.space == "latent" else raw_neighbors(fitting)
    table = fitting.profiles
    share = fitting.context.config.neighbors.n_similar_users

    def arguments(stage: Stage) -> list[tuple[Any, ...]]:
        votes = table.matrix
        if settings.popularity_damping:
            votes = stage.compute(
                _damped, votes, fitting.matrix.articles, settings.popularity_damping, label="damp"
            )
        counts = stage.submit(_capped, table.profiles, share, label="sharers")
        return [
            (
                stage.submit(_profiles_of, table.profiles, first, last, label="profiles"),
                counts, near.users, votes, settings.cosine_power,
            )
            for first, last in pairwise(fitting.index.first_users)
        ]  # fmt: skip

    key = f"{near.key} {settings.model_dump_json()}"
    return Source(USER_NEIGHBORS, key, fill, tile, arguments)


def fill(
    backend: Backend, lists: Lists, rows: Rows, source: int, of_user: Array, counts: Array,
    found: dict[str, Array], histories: CsrBlock, power: float,
) -> None:  # fmt: skip
    """Fill by the neighbours' weighted mean history."""
    weights = _weights(of_user[rows.local], counts, found, power)
    backend.scoring.fill_through(lists, weights, histories, rows.blocked, source)


def tile(
    backend: Backend, rows: Rows, first: int, last: int, of_user: Array, counts: Array,
    found: dict[str, Array], histories: CsrBlock, power: float,
) -> Array:  # fmt: skip
    """The same scores for a run of rows, dense."""
    weights = _weights(of_user[rows.local[first:last]], counts, found, power)
    means: Array = backend.scoring.mean_through(weights, histories)
    return means


def _profiles_of(profiles: Profiles, first: int, last: int) -> Array:
    """Profile of each user of a block; the table itself is large, and stays on the host."""
    return profiles.of_user[first:last]


def _capped(profiles: Profiles, n_similar_users: int) -> Array:
    """min(users who share the profile, n_similar_users), int32 per profile."""
    return np.minimum(profiles.n_users, n_similar_users).astype(np.int32)


def _damped(
    _: Backend, histories: CsrBlock, articles: dict[str, Array], damping: float
) -> CsrBlock:
    """Histories in which popular articles count less."""
    n_users = namespace_of(articles["n_users"]).maximum(articles["n_users"], 1).astype(np.float64)
    return column_scaled(histories, n_users**-damping)


def _weights(of_row: Array, counts: Array, found: dict[str, Array], power: float) -> CsrBlock:
    """Similarity to a power × min(users who share the profile, n_similar_users), per neighbour."""
    xp = namespace_of(of_row)
    ids, scores = found["ids"][of_row], found["scores"][of_row]
    if power != 1:
        scores = xp.maximum(scores, 0) ** np.float32(power)
    return rows_of_lists(ids, scores * counts[xp.maximum(ids, 0)], len(counts))
