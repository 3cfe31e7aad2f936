"""What is compared: a method with its settings, in the order of simplicity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cfdist.config import Config, flatten, merge, unflatten
from cfdist.errors import ConfigError
from cfdist.schema import (
    AUTO,
    BLEND,
    HISTORY,
    ITEM_NEIGHBORS,
    LATENT,
    POPULAR,
    SPECTRAL,
    USER_NEIGHBORS,
)

SIMPLEST_FIRST = (POPULAR, HISTORY, ITEM_NEIGHBORS, USER_NEIGHBORS, LATENT, SPECTRAL, BLEND)
"""Of candidates that measuring cannot separate, the one whose method comes first is taken."""

DEFAULTS: dict[str, dict[str, Any]] = {
    POPULAR: {},
    HISTORY: {},
    ITEM_NEIGHBORS: {"recommend.item_neighbors.similarity": "latent"},
    "item_neighbors rp3beta": {"recommend.item_neighbors.similarity": "rp3beta"},
    USER_NEIGHBORS: {"recommend.user_neighbors.space": "latent"},
    "user_neighbors raw": {
        "recommend.user_neighbors.space": "raw",
        "recommend.user_neighbors.cosine_power": 2.0,
    },
    LATENT: {},
    "latent ease": {"recommend.latent.ease_lambda": 100.0},
    SPECTRAL: {"recommend.spectral.filter": "gf_cf"},
    "spectral cheby": {"recommend.spectral.filter": "cheby"},
    BLEND: {},
    "blend ease": {
        "recommend.blend.spectral": 1.0,
        "recommend.blend.latent": 1.0,
        "recommend.blend.user_neighbors": 0.0,
        "recommend.latent.ease_lambda": 100.0,
        "factorize.n_components": 500,
    },
}
"""What is compared where nobody says what, by name; the first word is the method.

``blend ease`` is GF-CF with a wide low-rank EASE: best on the choosing windows of Online Retail.
"""

RULES = (
    "owned", "allow", "deny", "max_per_category", "one_per_variant", "n_buy_again",
    "n_recommendations",
)  # fmt: skip
"""What lists may hold: a choice of methods must not change it."""

FITTED_SECTIONS = ("matrix", "factorize", "neighbors", "recommend")
"""Sections that a candidate may change: the rest says what is measured, and on which rows."""


@dataclass(frozen=True)
class Candidate:
    """One way to fill lists.

    Attributes
    ----------
    name : str
        Unique within a comparison.
    settings : dict
        ``"section.key"`` → value, what it changes of the settings that all share.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Which recommender fills the lists first."""
        return str(self.settings["recommend.method"])

    @property
    def simplicity(self) -> int:
        """Place of the method in :data:`SIMPLEST_FIRST`."""
        return SIMPLEST_FIRST.index(self.method)

    def config(self, shared: Config) -> Config:
        """The shared settings with this candidate's own in their place."""
        values = merge(shared.model_dump(), unflatten(self.settings))
        sections = {
            name: type(getattr(shared, name)).model_validate(values[name])
            for name in FITTED_SECTIONS
        }
        return shared.model_copy(update=sections)


def default_candidates(shared: Config) -> list[Candidate]:
    """One or two settings of every method, simplest first.

    The settings of the file hold for whatever a candidate does not name.
    """
    may_list_owned = shared.recommend.owned == "include"
    return [
        Candidate(name, {"recommend.method": name.split()[0]} | settings)
        for name, settings in DEFAULTS.items()
        if name != HISTORY or may_list_owned
    ]


def own_candidate(shared: Config) -> Candidate:
    """The method of the settings themselves; ``user_neighbors`` for ``auto``."""
    method = shared.recommend.method
    method = USER_NEIGHBORS if method == AUTO else method
    return Candidate(method, {"recommend.method": method})


def popular_candidate() -> Candidate:
    """The baseline that every method must beat."""
    return Candidate(POPULAR, {"recommend.method": POPULAR})


def with_baseline(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with `popular` among them, first."""
    if any(candidate.method == POPULAR for candidate in candidates):
        return list(candidates)
    return [popular_candidate(), *candidates]


def parse_candidates(table: Mapping[str, Any], shared: Config) -> list[Candidate]:
    """Candidates of a TOML file: a table ``[name]`` of settings each.

    Raises
    ------
    ConfigError
        A table without ``recommend.method``, a setting that does not exist, or a section that
        is the same for all candidates.
    """
    found = []
    for name, settings in table.items():
        if not isinstance(settings, Mapping):
            raise ConfigError(
                f"candidate {name!r} is not a table of settings",
                remedy=f'write [{name}] and below it "recommend.method" = "latent"',
            )
        flat = flatten(settings)
        _require_fitted(name, flat)
        own = flat if "recommend.method" in flat else {"recommend.method": name} | flat
        candidate = Candidate(name, own)
        if candidate.method not in SIMPLEST_FIRST:
            raise ConfigError(
                f"candidate {name!r} has no recommend.method that can be measured",
                remedy=f"set it to one of {', '.join(SIMPLEST_FIRST)}",
            )
        _require_baseline(candidate)
        _require_valid(candidate)
        candidate.config(shared)
        found.append(candidate)
    return found


def _require_baseline(candidate: Candidate) -> None:
    """The name of the baseline is its own: figures are found by name."""
    if candidate.name == POPULAR and candidate.method != POPULAR:
        raise ConfigError(
            f"candidate {candidate.name!r} has the method {candidate.method!r}, and the baseline "
            "has that name",
            remedy="give it another name",
        )


def _require_valid(candidate: Candidate) -> None:
    try:
        Config.load(None, unflatten(candidate.settings))
    except ConfigError as error:
        raise ConfigError(
            f"candidate {candidate.name!r}: {error.message}", remedy=error.remedy
        ) from None


def _require_fitted(name: str, settings: Mapping[str, Any]) -> None:
    for key in settings:
        if key.removeprefix("recommend.") in RULES and key.startswith("recommend."):
            raise ConfigError(
                f"candidate {name!r} sets {key!r}, a rule of the shop that holds for all",
                remedy="set it in cfdist.toml or with --set",
            )
        if key.split(".")[0] not in FITTED_SECTIONS:
            raise ConfigError(
                f"candidate {name!r} sets {key!r}, which is the same for all candidates",
                remedy=f"a candidate may set {', '.join(FITTED_SECTIONS)}",
            )
