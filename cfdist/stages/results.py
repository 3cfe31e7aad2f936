"""What the stages made, together, and the numbers of it."""

from dataclasses import dataclass
from typing import Any

from cfdist.stages.buy_again import BuyAgain
from cfdist.stages.factorize import Factors
from cfdist.stages.index import Index
from cfdist.stages.ingest import Interactions
from cfdist.stages.matrix import UserItemMatrix
from cfdist.stages.neighbors import Neighbors
from cfdist.stages.pairs import Pairs
from cfdist.stages.profiles import ProfileTable
from cfdist.stages.recommend import Recommendations


@dataclass(frozen=True)
class Results:
    """The artifacts that a build is made of."""

    interactions: Interactions
    index: Index
    matrix: UserItemMatrix
    factors: Factors
    profiles: ProfileTable
    neighbors: Neighbors
    pairs: Pairs
    recommendations: Recommendations
    buy_again: BuyAgain | None = None


def metrics_of(results: Results) -> dict[str, Any]:
    """The numbers of a build, for ``metrics.json`` and the record of the run.

    What depends on how the work was dealt out, the share of pairs that the search looked at, is
    in the counts of the manifest alone.
    """
    counts = {name: n for name, n in counts_of(results).items() if not name.endswith("_share")}
    factors, made = results.factors.meta, results.recommendations.meta
    return {
        "energy": sum(factors["energy"]),
        "explained_variance_ratio": sum(factors["explained_variance_ratio"]),
        "energy_per_component": factors["energy"],
        "explained_variance_ratio_per_component": factors["explained_variance_ratio"],
        "residuals": factors["residuals"],
        "n_components": factors["n_components"],
        "n_passes": factors["n_passes"],
        "svd_method": factors["method"],
        "svd_dtype": factors["dtype"],
        **counts,
        "entries_by_source": made["n_by_source"],
        "short_lists": made["n_short_lists"],
    }


def counts_of(results: Results) -> dict[str, Any]:
    """How much of everything there is."""
    matrix, near, made = results.matrix.meta, results.neighbors.meta, results.recommendations.meta
    return {
        "n_users": results.index.n_users,
        "n_articles": results.index.n_articles,
        "nnz": matrix["nnz"],
        "n_profiles": results.profiles.n_profiles,
        "n_baskets": matrix["n_baskets"],
        "n_large_baskets": matrix["n_large_baskets"],
        "basket_kind": matrix["basket_kind"],
        "n_recommendations": sum(made["n_by_source"].values()),
        "n_pairs": results.pairs.meta["n_pairs"],
        "n_buy_again": results.buy_again.meta["n_rows"] if results.buy_again else 0,
        "user_pairs_share": near["user_pairs_share"],
        "article_pairs_share": near["article_pairs_share"],
    }
