"""Polynomials of P = R̃ᵀR̃: what a filter does to the spectrum of the matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.polynomial import chebyshev, polynomial
from numpy.typing import NDArray


@dataclass(frozen=True)
class Polynomial:
    """Σ_p c_p b_p(P).

    Attributes
    ----------
    coefficients : c_0, c_1, …
    basis : b_p(P) is P^p (``power``) or T_p(I − 2P) (``chebyshev``)

    Notes
    -----
    The basis is kept because it cannot be changed in float32: written in powers of P, a plateau
    of degree 8 has coefficients beyond 10⁴ that cancel.
    """

    coefficients: tuple[float, ...]
    basis: Literal["power", "chebyshev"] = "power"

    @property
    def degree(self) -> int:
        """Products with P that :func:`apply` makes."""
        return len(self.coefficients) - 1

    def response(self, eigenvalues: NDArray[np.floating]) -> NDArray[np.float64]:
        """What the filter multiplies a component by, given its eigenvalue σ² of P; float64."""
        wide = np.asarray(eigenvalues, dtype=np.float64)
        if self.basis == "power":
            return np.asarray(polynomial.polyval(wide, self.coefficients))
        return np.asarray(chebyshev.chebval(1 - 2 * wide, self.coefficients))


IDENTITY = Polynomial((1.0,))
ONE_STEP = Polynomial((0.0, 1.0))


def plateau(flatness: float, degree: int = 8) -> Polynomial:
    """Chebyshev polynomial that is flat in the middle of the spectrum and steep at its ends.

    Parameters
    ----------
    flatness
        φ > 0; a larger one gives a longer plateau.
    degree
        K ≥ 1; every degree costs one product with P.

    Notes
    -----
    The target ½ ∓ ½|z|^φ over z = 1 − 2σ² is taken at the extrema of T_K and rounded to three
    digits, but the coefficients are summed as if it had been taken at the roots of T_K+1. The
    authors' program mixes the two sets of nodes, and their figures are from it.

    References
    ----------
    Kim, Sung, Han, Lee: Graph spectral filtering with Chebyshev interpolation for
    recommendation, SIGIR 2025.
    """
    extrema = np.cos(np.arange(degree, -1, -1) * np.pi / degree)
    target = np.round(0.5 - 0.5 * np.sign(extrema) * np.abs(extrema) ** flatness, 3)
    angles = (np.arange(degree, -1, -1) + 0.5) * np.pi / (degree + 1)
    orders = np.arange(degree + 1)[:, None]
    coefficients = 2 / (degree + 1) * (np.cos(orders * angles) * target).sum(axis=1)
    coefficients[0] /= 2
    return Polynomial(tuple(float(c) for c in coefficients), "chebyshev")


def sharpening(step: float, n_steps: int, solver: Literal["euler", "rk4"]) -> Polynomial:
    """``n_steps`` steps of the solver for dy/dt = −yP, as a polynomial of P.

    A step of Euler is 1 − hP; one of the classic Runge–Kutta rule is the first five terms of
    exp(−hP).
    """
    terms = [1.0, -step]
    if solver == "rk4":
        terms += [step**2 / 2, -(step**3) / 6, step**4 / 24]
    return Polynomial(tuple(float(c) for c in polynomial.polypow(terms, n_steps)))


def apply(
    poly: Polynomial,
    dense: NDArray[np.float32],
    gram_times: Callable[[Any], Any],
    image: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """p(P) @ dense, float32 ``(n_articles, n)``.

    Parameters
    ----------
    dense : float32 ``(n_articles, n)``
    gram_times
        P @ y for such a y.
    image
        P @ dense where it is known already; saves the first product.

    Notes
    -----
    Cost: ``poly.degree`` products; three arrays like ``dense`` beside the result.
    """
    coefficients = np.array(poly.coefficients, dtype=np.float32)
    total = np.asarray(coefficients[0] * dense)
    if not poly.degree:
        return total
    step = gram_times(dense) if image is None else image
    if poly.basis == "power":
        for c in coefficients[1:-1]:
            total += c * step
            step = gram_times(step)
        return np.asarray(total + coefficients[-1] * step)
    before, now = dense, dense - 2 * step
    total += coefficients[1] * now
    for c in coefficients[2:]:
        before, now = now, 2 * (now - 2 * gram_times(now)) - before
        total += c * now
    return np.asarray(total)
