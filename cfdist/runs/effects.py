"""Which settings a method reads: a sweep does not try what would change nothing."""

from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

from cfdist.schema import BLEND, HISTORY, ITEM_NEIGHBORS, LATENT, SPECTRAL, USER_NEIGHBORS

METHOD = "recommend.method"
SPACE = "recommend.user_neighbors.space"
SIMILARITY = "recommend.item_neighbors.similarity"
FILTER = "recommend.spectral.filter"
BLEND_WEIGHT = "recommend.blend."
SWITCHES = (SPACE, SIMILARITY, FILTER)


class Read(NamedTuple):
    """Settings that a method reads, always or only where a switch has one of some values."""

    start: str
    switch: str = ""
    values: tuple[str, ...] = ()


READS: dict[str, tuple[Read, ...]] = {
    USER_NEIGHBORS: (
        Read("matrix."),
        Read("neighbors.n_similar_users"),
        Read(SPACE),
        Read("recommend.user_neighbors.cosine_power"),
        Read("recommend.user_neighbors.article_damping", SPACE, ("raw",)),
        Read("factorize.", SPACE, ("latent",)),
    ),
    ITEM_NEIGHBORS: (
        Read("matrix."),
        Read(SIMILARITY),
        Read("neighbors.n_similar_items", SIMILARITY, ("latent",)),
        Read("factorize.", SIMILARITY, ("latent",)),
        Read("recommend.item_neighbors.", SIMILARITY, ("rp3beta",)),
    ),
    LATENT: (Read("matrix."), Read("factorize."), Read("recommend.latent.")),
    SPECTRAL: (  # of the binary matrix, so that weights do not matter
        Read("factorize.svd_iterations"),
        Read("factorize.tolerance"),
        Read("factorize.seed"),
        Read(FILTER),
        Read("recommend.spectral.user_exponent"),
        Read("recommend.spectral.article_exponent"),
        Read("recommend.spectral.n_components", FILTER, ("gf_cf", "bspm", "cheby", "svd_ae")),
        Read("recommend.spectral.low_pass", FILTER, ("gf_cf", "bspm", "cheby")),
        Read("recommend.spectral.sharpness", FILTER, ("bspm", "cheby")),
        Read("recommend.spectral.popularity", FILTER, ("cheby",)),
    ),
    BLEND: (Read(BLEND_WEIGHT),),
    HISTORY: (Read("matrix."),),
}
"""What fills a list up after the method itself does not count: it seldom changes the result."""


def has_effect(key: str, settings: Mapping[str, Any]) -> bool:
    """True if the method that ``settings`` name reads ``key``.

    Parameters
    ----------
    settings : mapping of str
        ``"section.key"`` → value, all of them.

    Notes
    -----
    A blend reads what the methods with a weight above 0 read. Rules of the lists, such as
    ``recommend.max_per_category``, hold for every method.

    Examples
    --------
    >>> has_effect("neighbors.n_similar_users", {"recommend.method": "latent"})
    False
    """
    if key.startswith("recommend.") and key.count(".") == 1:
        return True
    return any(_reads(method, key, settings) for method in _methods(settings))


def in_order(keys: Mapping[str, Any]) -> list[str]:
    """The keys, each after those that decide whether it has an effect."""
    return sorted(keys, key=_rank)


def can_have_effect(key: str, settings: Mapping[str, Any], varied: Mapping[str, Any]) -> bool:
    """True if some choice of the varied method, blend weights and switches reads ``key``.

    Parameters
    ----------
    varied : mapping of str
        ``"section.key"`` → the values that are tried.
    """
    deciding = [name for name in varied if _rank(name) < LAST]
    for values in product(*(varied[name] for name in deciding)):
        if has_effect(key, dict(settings) | dict(zip(deciding, values, strict=True))):
            return True
    return False


LAST = 3


def _rank(key: str) -> int:
    """Method, weights of a blend, switches, then the rest."""
    if key == METHOD:
        return 0
    if key.startswith(BLEND_WEIGHT):
        return 1
    return 2 if key in SWITCHES else LAST


def _methods(settings: Mapping[str, Any]) -> list[str]:
    method = settings[METHOD]
    if method != BLEND:
        return [method]
    weights = {key: settings[key] for key in settings if key.startswith(BLEND_WEIGHT)}
    return [BLEND, *(key.removeprefix(BLEND_WEIGHT) for key in weights if weights[key] > 0)]


def _reads(method: str, key: str, settings: Mapping[str, Any]) -> bool:
    return any(
        key.startswith(read.start) and (not read.switch or settings[read.switch] in read.values)
        for read in READS.get(method, ())
    )
