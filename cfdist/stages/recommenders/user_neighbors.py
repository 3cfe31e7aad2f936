"""``user_neighbors``: what similar users took, weighted by their similarity."""

from typing import Any

import numpy as np

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.profiles import Profiles
from cfdist.algorithms.scoring import Lists, fill_through, mean_through, rows_of_lists
from cfdist.algorithms.weighting import column_scaled
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
            votes = stage.submit(
                _damped, votes, fitting.matrix.articles, settings.popularity_damping, label="damp"
            )
        return [
            (first, table.profiles, near.users, votes, share, settings.cosine_power)
            for first in fitting.index.first_users[:-1]
        ]

    key = f"{near.key} {settings.model_dump_json()}"
    return Source(USER_NEIGHBORS, key, fill, tile, arguments)


def fill(
    lists: Lists, rows: Rows, source: int, first_user: int, profiles: Profiles,
    found: dict[str, Array], histories: CsrBlock, n_similar_users: int, power: float,
) -> None:  # fmt: skip
    """Fill by the neighbours' weighted mean history."""
    of_row = profiles.of_user[first_user + rows.local]
    weights = _weights(of_row, profiles, found, n_similar_users, power)
    fill_through(lists, weights, histories, rows.blocked, source)


def tile(
    rows: Rows, first: int, last: int, first_user: int, profiles: Profiles,
    found: dict[str, Array], histories: CsrBlock, n_similar_users: int, power: float,
) -> Array:  # fmt: skip
    """The same scores for a run of rows, dense."""
    of_row = profiles.of_user[first_user + rows.local[first:last]]
    return mean_through(_weights(of_row, profiles, found, n_similar_users, power), histories)


def _damped(histories: CsrBlock, articles: dict[str, Array], damping: float) -> CsrBlock:
    """Histories in which popular articles count less."""
    n_users = np.maximum(articles["n_users"], 1).astype(np.float64)
    return column_scaled(histories, n_users**-damping)


def _weights(
    of_row: Array, profiles: Profiles, found: dict[str, Array], n_similar_users: int, power: float
) -> CsrBlock:
    """Similarity to a power × min(users who share the profile, n_similar_users), per neighbour."""
    ids, scores = found["ids"][of_row], found["scores"][of_row]
    if power != 1:
        scores = np.maximum(scores, 0) ** np.float32(power)
    shared = np.minimum(profiles.n_users[np.maximum(ids, 0)], n_similar_users)
    return rows_of_lists(ids, scores * shared, len(profiles.owner))
