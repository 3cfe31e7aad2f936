import numpy as np
import pytest
from held_out_shop import candidate
from hypothesis import given as drawn
from hypothesis import strategies as st

from cfdist.evaluation.curve import _elbow, component_counts, component_curve
from cfdist.evaluation.measure import measure
from cfdist.evaluation.target import target_of
from cfdist.stages.fitting import Fitting

CURVED = [
    candidate("latent"),
    candidate("user_neighbors"),
    candidate("item_neighbors"),
    candidate("scaled", "latent", latent__article_scaling=0.5),
    candidate("ease", "latent", latent__ease_lambda=3.0),
]


def fresh(context, fold, chosen, n: int):
    """Energy and mean of lists whose factors were found with n components."""
    config = chosen.config(context.config)
    factorize = config.factorize.model_copy(update={"n_components": n})
    config = config.model_copy(update={"factorize": factorize})
    own = context.with_config(config)
    fitting = Fitting(own, fold.base.interactions)
    measured = measure(own, fold, fitting, (3, 5, 10), filled=False)
    return fitting, target_of(context.config.evaluation).of(measured)


@pytest.mark.parametrize("chosen", CURVED, ids=lambda chosen: chosen.name)
def test_a_point_is_that_of_a_fresh_factorization(context, found, chosen):
    fold, target = found.reporting, found.target
    curve = component_curve(context, fold, chosen, target)
    assert [point["n_components"] for point in curve] == [1, 2, 3, 5, 6, 8]
    for point in curve:
        fitting, values = fresh(context, fold, chosen, point["n_components"])
        assert point["mean"] == pytest.approx(np.nanmean(values), abs=1e-4)
        assert point["energy"] == pytest.approx(sum(fitting.factors.meta["energy"]), abs=1e-4)
        assert point["n_users"] == np.count_nonzero(~np.isnan(values))
    assert len({point["mean"] for point in curve}) > 1
    assert sum(point["is_elbow"] for point in curve) == 1


@pytest.mark.parametrize(
    "chosen",
    [
        candidate("popular"),
        candidate("spectral"),
        candidate("raw", "user_neighbors", user_neighbors__space="raw"),
        candidate("rp3beta", "item_neighbors", item_neighbors__similarity="rp3beta"),
    ],
    ids=lambda chosen: chosen.name,
)
def test_methods_without_these_factors_are_shown_by_latent(context, found, chosen):
    """A curve of lists that no number of components changes would say nothing."""
    curve = component_curve(context, found.reporting, chosen, found.target)
    assert {point["method"] for point in curve} == {"latent"}
    plain = component_curve(context, found.reporting, candidate("latent"), found.target)
    assert [point["mean"] for point in curve] == [point["mean"] for point in plain]


def test_the_curve_in_a_comparison_is_that_of_the_latest_fold(context, found):
    assert found.curve == component_curve(
        context, found.folds[-1], candidate("latent"), found.target
    )


@drawn(st.integers(1, 4096))
def test_seven_numbers_at_most_the_last_is_all(n):
    counts = component_counts(n)
    assert counts == sorted(set(counts))
    assert len(counts) <= 7
    assert len(counts) == 7 or n < 20
    assert counts[0] >= 1
    assert counts[-1] == n


def test_the_elbow_is_the_smallest_that_cannot_be_told_from_the_best():
    best = np.array([1.0, 1.0, 0.0, 1.0, np.nan])
    near = np.array([0.0, 1.0, 0.0, 1.0, np.nan])  # 0.25 behind, standard error 0.25
    far = np.array([0.0, 0.0, 0.0, 1.0, np.nan])  # 0.5 behind, standard error 0.29
    assert _elbow([far, near, best, far]) == 1
    assert _elbow([far, best, near]) == 1
    assert _elbow([far, far, best]) == 2
    assert _elbow([best, near]) == 0


def test_nobody_judged_has_an_elbow_all_the_same():
    nobody = np.full(3, np.nan)
    assert _elbow([nobody, nobody]) == 0
