"""What the project aims at, beside what was measured: figures of the kept documents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from growth import LARGEST, SIZES
from synthetic import REFERENCE

GIB = 2**30
Documents = Mapping[str, Any]
Value = Callable[[Documents], float | None]


@dataclass(frozen=True)
class Aim:
    """One figure and its limit.

    Attributes
    ----------
    measure : from the kept documents to the figure; None: not measured
    at_least, at_most : float or None
        The limit; one of them is set.
    unit : str
        Written after the figure.
    """

    text: str
    measure: Value
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "×"

    def holds(self, value: float) -> bool:
        """Whether the figure is within the limit."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is None or value <= self.at_most

    @property
    def wanted(self) -> str:
        """The limit in words."""
        sign, limit = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        return f"{sign} {limit:g} {self.unit}".strip()


def at(name: str, *path: str, scale: float = 1.0) -> Value:
    """A figure by its place in a document."""

    def measure(documents: Documents) -> float | None:
        found = documents.get(name)
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return None if found is None else float(found) / scale

    return measure


def of_peer(name: str, *words: str, **about: str) -> Value:
    """The least ratio of rows whose peer has all the words in its name, and those values."""

    def measure(documents: Documents) -> float | None:
        rows = (documents.get(name) or {}).get("rows", [])
        meant = [row for row in rows if all(word in row["peer"].lower() for word in words)]
        meant = [row for row in meant if all(row.get(k) == value for k, value in about.items())]
        return min((r["ratio_to_cfdist"] for r in meant if r.get("ratio_to_cfdist")), default=None)

    return measure


def of_growth(n_interactions: int, key: str, scale: float = 1.0) -> Value:
    """A figure of the run of that size without similar users."""

    def measure(documents: Documents) -> float | None:
        for row in (documents.get("growth") or {}).get("rows", []):
            if row["n_interactions"] == n_interactions and not row["user_search"]:
                return None if row.get(key) is None else float(row[key]) / scale
        return None

    return measure


def worst_of_plan(kind: str) -> Value:
    """Largest deviation of the plan from what was measured, as a factor of at least one."""

    def measure(documents: Documents) -> float | None:
        rows = (documents.get("plan") or {}).get("rows", [])
        pairs = [(row.get(f"planned_{kind}"), row.get(f"measured_{kind}")) for row in rows]
        factors = [max(a / b, b / a) for a, b in pairs if a and b]
        return max(factors, default=None)

    return measure


_REFERENCE = {"data_set": "reference", "searched": "all users"}
_16M, _100M = SIZES[-1]["n_interactions"], LARGEST["n_interactions"]

AIMS = (
    Aim("reference job, scikit-learn (50 iterations) + faiss flat + SciPy",
        at("reference_job", "ratios", "total"), at_least=20),
    Aim("reference job, peak memory", at("reference_job", "train", "peak_bytes", scale=1e9),
        at_most=1.5, unit="GB"),
    Aim("experiment on 10 %: variance", at("reference_job", "variance", "wall_s"),
        at_most=3, unit="s"),
    Aim("experiment on 10 %: variance and recall", at("reference_job", "experiment", "wall_s"),
        at_most=6, unit="s"),
    Aim("SVD, 50 components to 1e-4: scikit-learn, 50 iterations",
        of_peer("svd", "scikit-learn", "n_iter=50", data_set="reference"), at_least=20),
    Aim("the same: ARPACK", of_peer("svd", "arpack", data_set="reference"), at_least=2),
    Aim("exact 20 similar users, reference: faiss flat",
        of_peer("neighbors", "flat", **_REFERENCE), at_least=20),
    Aim("the same: faiss IVF at 99.3 % recall",
        of_peer("neighbors", "ivf", **_REFERENCE), at_least=1),
    Aim("exact 20 similar users, Gowalla at 128 components: faiss flat",
        of_peer("neighbors", "flat", data_set="gowalla"), at_least=3),
    Aim("exact 20 similar users, Online Retail: faiss flat",
        of_peer("neighbors", "flat", data_set="online-retail-users"), at_least=1),
    Aim("exact 20 similar articles, Online Retail: faiss flat",
        of_peer("neighbors", "flat", data_set="online-retail-articles"), at_least=1),
    Aim("16 million interactions: cost of each outside the search, against 1.64 million",
        of_growth(_16M, "times_smallest"), at_most=2),
    Aim("the same: peak memory", of_growth(_16M, "peak_bytes", 1e9), at_most=12, unit="GB"),
    Aim("100 million interactions: cost of each outside the search, against 1.64 million",
        of_growth(_100M, "times_smallest"), at_most=2),
    Aim("the same: peak memory", of_growth(_100M, "peak_bytes", 1e9), at_most=12, unit="GB"),
    Aim("plan against three runs: bytes", worst_of_plan("bytes"), at_most=1.15),
    Aim("plan against three runs: seconds", worst_of_plan("seconds"), at_most=2),
)  # fmt: skip
"""Ratios are the peer's seconds over those of cfdist in the same run."""


def rows(documents: Documents) -> list[list[str]]:
    """Aim, limit, figure, and whether it holds, for each aim.

    Documents of another size than the reference count as not measured.
    """
    known = {name: found for name, found in documents.items() if _has_aimed_size(name, found)}
    return [_row(aim, aim.measure(known)) for aim in AIMS]


def _has_aimed_size(name: str, document: Mapping[str, Any]) -> bool:
    data = document.get("data")
    if name == "svd":
        n_rows = {about["data_set"]: about["n_rows"] for about in data or []}
        return n_rows.get("reference") == REFERENCE["n_users"]
    if name not in ("reference_job", "neighbors"):
        return True
    sizes = data["sizes"] if name == "neighbors" else data
    return all(sizes.get(key) == value for key, value in REFERENCE.items())


def _row(aim: Aim, value: float | None) -> list[str]:
    if value is None:
        return [aim.text, aim.wanted, "not measured", ""]
    said = "yes" if aim.holds(value) else "**no**"
    return [aim.text, aim.wanted, f"{value:.3g} {aim.unit}".strip(), said]
