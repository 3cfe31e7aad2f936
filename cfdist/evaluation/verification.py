"""A build computed once more from its own matrix, and compared with what was published."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfdist.builds import Build
from cfdist.builds.files import sha256_of
from cfdist.builds.lists import read_lists
from cfdist.config import Config
from cfdist.errors import ConfigError
from cfdist.evaluation.agreement import (
    FACTORS_SHARE,
    LEAST_SHARE,
    ORTHONORMAL_TOLERANCE,
    VALUES_TOLERANCE,
    agreement,
)
from cfdist.schema import AUTO, USER_ID
from cfdist.stages.context import Context
from cfdist.stages.fitting import Fitting
from cfdist.stages.from_build import fitting_of
from cfdist.stages.purchases import needs_purchases
from cfdist.stages.recommend import recommend

REFERENCE = "cpu"
OF_THE_BUILD = ("ingest", "matrix", "factorize", "neighbors", "recommend")
"""Sections of the settings that say how a build was made."""
LONGER = 4
"""So many times as long are the lists of the reference: what just missed a list is known, too."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Check:
    """One thing that was compared.

    Attributes
    ----------
    what : str
    found : float
    limit : float
        The most that ``found`` may be, or the least where ``is_share``.
    is_share : bool
    compared : int, values or entries
    note : str
    """

    what: str
    found: float
    limit: float
    is_share: bool
    compared: int
    note: str = ""

    @property
    def agrees(self) -> bool:
        """Whether it is within the limit."""
        return self.found >= self.limit if self.is_share else self.found <= self.limit


@dataclass(frozen=True)
class Verification:
    """What :func:`verify_build` found.

    Attributes
    ----------
    build : str
    published_by, computed_by : str
        Backend that made the build, and the one that computed it once more.
    n_users : int
        Users whose lists were compared.
    checks : tuple of Check
    """

    build: str
    published_by: str
    computed_by: str
    n_users: int
    checks: tuple[Check, ...]

    @property
    def agrees(self) -> bool:
        """Whether all checks are within their limits."""
        return all(check.agrees for check in self.checks)

    def document(self) -> dict[str, Any]:
        """JSON values."""
        checks = [asdict(check) | {"agrees": check.agrees} for check in self.checks]
        return asdict(self) | {"checks": checks, "agrees": self.agrees}


@dataclass(frozen=True)
class Made:
    """What one side made: values, V, and the first lists with scores and sources."""

    values: Array
    item_factors: Array
    articles: Array
    scores: Array | None = None
    sources: Array | None = None


def settings_of(build: Build, config: Config) -> Config:
    """The settings that a build was made with, on the cluster and the disks of ``config``.

    Raises
    ------
    ConfigError
        Its lists were made of purchases, which a build does not hold.
    """
    stored = build.manifest.settings
    secret = {"ingest": {"storage_options": config.ingest.storage_options}}  # not in a manifest
    made = config.model_copy(
        update={
            name: type(getattr(config, name)).model_validate(stored[name] | secret.get(name, {}))
            for name in OF_THE_BUILD
        }
    )
    if made.recommend.method == AUTO:
        chosen = made.recommend.model_copy(update={"method": build.manifest.list_method})
        made = made.model_copy(update={"recommend": chosen})
    plain = made.recommend.model_copy(update={"n_buy_again": 0})
    made = made.model_copy(update={"recommend": plain})
    if needs_purchases(made):
        raise ConfigError(
            f"the lists of build {build.id} are of purchases, which it does not hold",
            remedy="verify a build of another method",
        )
    return made


def verify_build(context: Context, build: Build, n_users: int) -> Verification:
    """The build against the backend of ``context``, by the rule that backends must agree by.

    Parameters
    ----------
    context : Context
        Under the settings of :func:`settings_of`.
    n_users : int
        Users whose lists are compared.

    Notes
    -----
    The matrix of the build is factorized, searched and scored again: about the time of these
    stages in training. The reference is always the CPU; its lists are made longer, so that the
    reference score of an entry that just missed its list is known. What was published is compared
    with it, and on a GPU so is what the GPU computes now.

    Not computed again: pairs, similar users, user factors, and the matrix itself; of these files
    only the checksum is compared.
    """
    reference = _compute(context, build, n_users, REFERENCE, LONGER)
    found = _published(build, n_users, context.config.recommend.n_recommendations)
    checks = [_files_check(build), *_compare(found, reference, build)]
    if context.backend != REFERENCE:
        computed = _compute(context, build, n_users, context.backend, 1)
        checks += [
            replace(check, what=f"{context.backend} now: {check.what}")
            for check in _compare(computed, reference, build)
        ]
    return Verification(
        build.id, build.manifest.backend, context.backend, len(found.articles), tuple(checks)
    )


def _compare(found: Made, reference: Made, build: Build) -> list[Check]:
    return [
        _values_check(found, reference),
        _factors_check(found, reference),
        _orthonormal_check(found),
        _lists_check(found, reference, build),
    ]


def _files_check(build: Build) -> Check:
    """Share of the files that are as they were published."""
    files = build.manifest.files
    same = sum(
        (build.path / file.name).is_file() and sha256_of(build.path / file.name) == file.sha256
        for file in files
    )
    return Check("files with the sha256 of the manifest", same / len(files), 1.0, True, len(files))


def _compute(context: Context, build: Build, n_users: int, backend: str, times: int) -> Made:
    """One side, its lists so many times as long as the build's."""
    settings = context.config.recommend
    longer = settings.model_copy(update={"n_recommendations": times * settings.n_recommendations})
    config = context.config.model_copy(update={"recommend": longer})
    used = context.with_config(config).on_backend(backend)
    return _made(fitting_of(used, build, n_users))


def _made(fitting: Fitting) -> Made:
    factors = fitting.factors
    lists = fitting.context.value_of(recommend(fitting).lists[0])
    of_user = lists["row_of_user"]
    return Made(
        factors.singular_values,
        fitting.context.value_of(factors.item_factors),
        lists["articles"][of_user],
        lists["scores"][of_user],
        lists["sources"][of_user],
    )


def _published(build: Build, n_users: int, k: int) -> Made:
    return Made(
        np.asarray(build.array("singular_values")),
        np.asarray(build.array("item_latent_factors")),
        read_lists(build, k).articles[:n_users],
    )


def _values_check(found: Made, reference: Made) -> Check:
    n = min(len(found.values), len(reference.values))
    error = np.abs(found.values[:n] / reference.values[:n] - 1).max(initial=0.0)
    told = "" if len(found.values) == len(reference.values) else "another number of components"
    return Check(
        "singular values: largest relative difference",
        float(error) if not told else float("inf"), VALUES_TOLERANCE, False, n, told,
    )  # fmt: skip


def _factors_check(found: Made, reference: Made) -> Check:
    """Share of σ² whose directions are within the span of the reference's."""
    v, w = found.item_factors.astype(np.float64), reference.item_factors.astype(np.float64)
    lengths = np.maximum(np.square(v).sum(axis=0), np.finfo(float).tiny)
    within = np.square(w.T @ v).sum(axis=0) / lengths
    weight = np.square(found.values)
    share = float((within * weight).sum() / weight.sum())
    return Check(
        "article factors: share of the energy within the other's span",
        share, FACTORS_SHARE, True, v.size,
    )  # fmt: skip


def _orthonormal_check(found: Made) -> Check:
    """Without this equal columns would pass for factors."""
    v = found.item_factors.astype(np.float64)
    off = np.abs(v.T @ v - np.eye(v.shape[1])).max(initial=0.0)
    return Check(
        "article factors: largest |VᵀV - I|", float(off), ORTHONORMAL_TOLERANCE, False, v.size
    )


def _lists_check(found: Made, reference: Made, build: Build) -> Check:
    assert reference.scores is not None
    result = agreement(found.articles, reference.articles, reference.scores, reference.sources)
    told = ""
    if result.worst_row >= 0:
        users = build.dataset("users").head(result.worst_row + 1)
        told = f"most differ for user {users[USER_ID][result.worst_row].as_py()}"
    return Check(
        "entries of lists that agree", result.share, LEAST_SHARE, True, result.entries, told
    )
