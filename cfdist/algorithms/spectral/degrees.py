"""Powers of degrees, and of whatever else may be zero."""

import numpy as np
from numpy.typing import NDArray


def divisors(degrees: NDArray[np.floating], exponent: float) -> NDArray[np.float64]:
    """degrees^−exponent, float64; 0 where the degree is 0, whatever the exponent.

    Examples
    --------
    >>> divisors(np.array([0.0, 1.0, 4.0]), 0.5).tolist()
    [0.0, 1.0, 0.5]
    """
    positive = degrees > 0
    powers = np.power(np.where(positive, degrees, 1.0).astype(np.float64), -exponent)
    return np.where(positive, powers, 0.0)
