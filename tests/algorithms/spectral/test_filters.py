import numpy as np
import pytest

from cfdist.algorithms.spectral.filters import bspm, cheby, gf_cf, linear
from cfdist.algorithms.spectral.polynomials import plateau

EIGENVALUES = np.linspace(0, 1, 9)


def test_linear_is_one_step_and_gf_cf_adds_a_low_pass() -> None:
    assert linear().history.response(EIGENVALUES).tolist() == EIGENVALUES.tolist()
    assert linear().low_pass_weight == 0
    assert gf_cf(0.7, 12) == linear()._replace(low_pass_weight=0.7, n_components=12)
    assert gf_cf().low_pass.response(EIGENVALUES).tolist() == [1] * 9


def sharpened(h: float) -> np.ndarray:
    p = EIGENVALUES
    return 1 - h * p + h**2 * p**2 / 2 - h**3 * p**3 / 6 + h**4 * p**4 / 24


def test_bspm_sharpens_both_parts_when_merged_early() -> None:
    model = bspm(step=2.5)
    np.testing.assert_allclose(model.history.response(EIGENVALUES), EIGENVALUES * sharpened(2.5))
    np.testing.assert_allclose(model.low_pass.response(EIGENVALUES), sharpened(2.5))


def test_bspm_merged_late_leaves_the_low_pass_alone() -> None:
    model = bspm(step=1.1, n_steps=2, merge="late")
    expected = EIGENVALUES * sharpened(1.1) ** 2
    np.testing.assert_allclose(model.history.response(EIGENVALUES), expected, atol=1e-12)
    assert model.low_pass.response(EIGENVALUES).tolist() == [1] * 9


@pytest.mark.parametrize("merge", ["early", "late"])
def test_bspm_may_average_before_and_after(merge: str) -> None:
    model = bspm(step=1.2, solver="euler", merge=merge, averaged=True)
    sharp = 1 - 1.2 * EIGENVALUES
    expected = EIGENVALUES * (1 + sharp) / 2
    np.testing.assert_allclose(model.history.response(EIGENVALUES), expected, atol=1e-12)
    low_pass = sharp / 2 if merge == "early" else np.ones(9)
    np.testing.assert_allclose(model.low_pass.response(EIGENVALUES), low_pass, atol=1e-12)


def test_cheby_scales_both_parts_alike() -> None:
    model = cheby(flatness=3, article_exponent=0.1, low_pass_weight=0.5, n_components=7, degree=4)
    assert model.history == plateau(3, 4)
    assert model.article_exponent == model.low_pass_exponent == 0.1
    assert (model.low_pass_weight, model.n_components) == (0.5, 7)
    assert model.low_pass.degree == 0
