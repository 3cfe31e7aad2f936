"""The published filters, each as one record."""

from typing import Literal, NamedTuple

from numpy.polynomial import polynomial

from cfdist.algorithms.spectral.polynomials import (
    IDENTITY,
    ONE_STEP,
    Polynomial,
    plateau,
    sharpening,
)


class SpectralFilter(NamedTuple):
    """score = p(P) x · D_I^β + w · r D_I^−γ V (q(P) D_I^γ V)ᵀ with x = r D_I^−β.

    Attributes
    ----------
    history : p, over the history itself
    article_exponent : β
    low_pass : q, over the article factors
    low_pass_exponent : γ
    low_pass_weight : w; with 0 there is no second part
    n_components : columns of V
    """

    history: Polynomial
    article_exponent: float
    low_pass: Polynomial
    low_pass_exponent: float
    low_pass_weight: float
    n_components: int


def linear() -> SpectralFilter:
    """r P: one walk to the users of the same articles and back."""
    return SpectralFilter(ONE_STEP, 0.0, IDENTITY, 0.5, 0.0, 0)


def gf_cf(low_pass_weight: float = 0.3, n_components: int = 256) -> SpectralFilter:
    """r P plus an ideal low-pass filter.

    References
    ----------
    Shen et al.: How powerful is graph convolution for recommendation?, CIKM 2021.
    """
    return linear()._replace(low_pass_weight=low_pass_weight, n_components=n_components)


def bspm(
    low_pass_weight: float = 0.2,
    n_components: int = 448,
    step: float = 2.5,
    n_steps: int = 1,
    solver: Literal["euler", "rk4"] = "rk4",
    merge: Literal["early", "late"] = "early",
    averaged: bool = False,
) -> SpectralFilter:
    """Blur r P, then sharpen.

    Parameters
    ----------
    low_pass_weight, n_components
        Of the ideal low-pass filter.
    step, n_steps, solver
        Of dy/dt = −yP, integrated up to ``step * n_steps``.
    merge
        ``early`` sharpens the low-pass part too, ``late`` adds it afterwards.
    averaged
        Mean of the blurred and of the sharpened scores, instead of the latter.

    References
    ----------
    Choi, Hong, Park, Cho: Blurring-sharpening process models for collaborative filtering,
    SIGIR 2023. The defaults are those for Gowalla.
    """
    sharp = sharpening(step, n_steps, solver).coefficients
    low_pass = sharp if merge == "early" else (1.0,)
    history = tuple(polynomial.polymul((0.0, 1.0), sharp))
    if averaged:
        history = tuple(polynomial.polyadd((0.0, 1.0), history) / 2)
        low_pass = tuple(c / 2 for c in low_pass) if merge == "early" else low_pass
    return SpectralFilter(
        Polynomial(tuple(float(c) for c in history)),
        0.0,
        Polynomial(low_pass),
        0.5,
        low_pass_weight,
        n_components,
    )


def cheby(
    flatness: float = 1.5,
    article_exponent: float = 0.4,
    low_pass_weight: float = 0.2,
    n_components: int = 512,
    degree: int = 8,
) -> SpectralFilter:
    """A plateau of degree 8 plus an ideal low-pass filter; popular articles gain.

    References
    ----------
    Kim, Sung, Han, Lee: Graph spectral filtering with Chebyshev interpolation for
    recommendation, SIGIR 2025. The defaults are those for Gowalla.
    """
    return SpectralFilter(
        plateau(flatness, degree),
        article_exponent,
        IDENTITY,
        article_exponent,
        low_pass_weight,
        n_components,
    )
