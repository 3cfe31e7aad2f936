"""Means over users with their uncertainty, alone and as paired differences."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NORMAL_95 = 1.959963984540054  # two-sided 95 % point of the standard normal distribution


class Estimate(NamedTuple):
    """A mean with a 95 % interval.

    Attributes
    ----------
    mean : nan without judged users
    low, high : mean ∓ 1.96 standard errors; −inf and inf for a single user, nan without any
    standard_error : inf for a single user, who says nothing about the others; nan without any
    n_users : judged users
    """

    mean: float
    low: float
    high: float
    standard_error: float
    n_users: int


class Resampled(NamedTuple):
    """A paired difference over bootstrap samples of the users.

    Attributes
    ----------
    share_not_better : share of the resamples in which a − b ≤ 0
    low, high : 2.5 and 97.5 percentiles of the mean difference
    n_users : users judged in both; with fewer than two the other figures are nan
    """

    share_not_better: float
    low: float
    high: float
    n_users: int


def estimate(values: NDArray[np.float64]) -> Estimate:
    """Mean over the judged users with a normal interval.

    Parameters
    ----------
    values : float64 ``(n_users,)``
        One value per user; nan: not judged.

    Examples
    --------
    >>> found = estimate(np.array([0.0, 1.0, np.nan, 1.0, 0.0]))
    >>> found.mean, round(found.standard_error, 4), found.n_users
    (0.5, 0.2887, 4)

    Notes
    -----
    Standard error s / √n with s² = Σ(x − mean)² / (n − 1). The users count as a sample of those
    whom the shop could have; an interval says nothing about another season.
    """
    return estimate_clustered(values, np.arange(len(values)))


def paired(values_a: NDArray[np.float64], values_b: NDArray[np.float64]) -> Estimate:
    """Mean of a − b over the users judged in both, with a normal interval.

    Row u of both is the same user. The interval is narrower than that of two separate means
    wherever users who are easy for one are easy for the other.
    """
    return estimate(_differences(values_a, values_b))


def estimate_clustered(values: NDArray[np.float64], user_of_value: NDArray[np.generic]) -> Estimate:
    """Mean over all judged values, of which one user may have several.

    Parameters
    ----------
    values : float64 ``(n_values,)``
        For example one user's values in several test windows, concatenated; nan: not judged.
    user_of_value : any sortable ``(n_values,)``
        Who each value belongs to.

    Notes
    -----
    Cluster-robust: standard error² = G / (G − 1) · Σ_g (Σ_{i ∈ g} (x_i − mean))² / n² with G
    users and n values. With one value per user this is :func:`estimate`. Each value weighs the
    same, so a user judged in more windows weighs more.

    References
    ----------
    Liang, Zeger: Longitudinal data analysis using generalized linear models, Biometrika 73(1),
    1986. Cameron, Miller: A practitioner's guide to cluster-robust inference, Journal of Human
    Resources 50(2), 2015, with its factor G / (G − 1).
    """
    if values.shape != user_of_value.shape or values.ndim != 1:
        raise ValueError(f"values {values.shape} of users {user_of_value.shape}")
    judged = ~np.isnan(values)
    kept, n = values[judged], int(judged.sum())
    users, cluster = np.unique(user_of_value[judged], return_inverse=True)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, np.nan, 0)
    mean = float(kept.mean())
    if len(users) == 1:
        return Estimate(mean, -np.inf, np.inf, np.inf, 1)
    deviations = np.bincount(cluster, weights=kept - mean)
    variance = len(users) / (len(users) - 1) * float(np.square(deviations).sum()) / n**2
    error = float(np.sqrt(variance))
    return Estimate(mean, mean - NORMAL_95 * error, mean + NORMAL_95 * error, error, len(users))


def paired_clustered(
    values_a: NDArray[np.float64],
    values_b: NDArray[np.float64],
    user_of_value: NDArray[np.generic],
) -> Estimate:
    """Mean of a − b over the values judged in both, one cluster per user."""
    return estimate_clustered(_differences(values_a, values_b), user_of_value)


def bootstrap_paired(
    values_a: NDArray[np.float64], values_b: NDArray[np.float64], n: int, seed: int
) -> Resampled:
    """How often a beats b when the users are drawn again, with a percentile interval.

    Parameters
    ----------
    n : resamples; 1,000 give the interval, more the tails
    seed : the same seed and values give the same figures

    Notes
    -----
    Cost: n draws of all users judged in both, one resample in memory at a time.

    References
    ----------
    Efron, Tibshirani: An introduction to the bootstrap, 1993, chapter 13.
    """
    if n < 1:
        raise ValueError(f"{n} resamples, at least 1 is needed")
    differences = _differences(values_a, values_b)
    kept = differences[~np.isnan(differences)]
    if len(kept) < 2:
        return Resampled(np.nan, np.nan, np.nan, len(kept))
    rng = np.random.default_rng(seed)
    means = np.array([kept[rng.integers(0, len(kept), len(kept))].mean() for _ in range(n)])
    low, high = np.quantile(means, [0.025, 0.975])
    return Resampled(float(np.mean(means <= 0)), float(low), float(high), len(kept))


def _differences(
    values_a: NDArray[np.float64], values_b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """a − b, nan where either is not judged."""
    if values_a.shape != values_b.shape or values_a.ndim != 1:
        raise ValueError(
            f"values of a {values_a.shape} do not pair with those of b {values_b.shape}"
        )
    return np.asarray(values_a - values_b)
