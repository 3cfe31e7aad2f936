"""The matrix divided by powers of its degrees."""

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock


def user_degrees(block: CsrBlock) -> NDArray[np.float64]:
    """Sum of each row, float64 ``(n_rows,)``; of a matrix of ones the number of entries."""
    rows = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    return np.bincount(rows, weights=block.data, minlength=block.shape[0]).astype(np.float64)


def article_degrees(block: CsrBlock) -> NDArray[np.float64]:
    """Sum of each column, float64 ``(n_articles,)``; adds up over the blocks of a matrix."""
    sums = np.bincount(block.indices, weights=block.data, minlength=block.shape[1])
    return sums.astype(np.float64)


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


def scale(
    block: CsrBlock,
    of_rows: NDArray[np.floating] | None = None,
    of_columns: NDArray[np.floating] | None = None,
) -> CsrBlock:
    """The block with rows and columns multiplied by factors, rounded once from float64."""
    data = block.data.astype(np.float64)
    if of_rows is not None:
        data *= np.repeat(of_rows, np.diff(block.indptr))
    if of_columns is not None:
        data *= of_columns[block.indices]
    return block._replace(data=data.astype(np.float32))


def normalize(
    block: CsrBlock,
    degrees: NDArray[np.floating],
    user_exponent: float = 0.5,
    article_exponent: float = 0.5,
) -> CsrBlock:
    """R̃ = D_U^−a R D_I^−b of a block of users, float32.

    Parameters
    ----------
    degrees : float64 ``(n_articles,)``
        :func:`article_degrees` of the whole matrix, not of the block.

    Notes
    -----
    With both exponents ½ the largest singular value is 1, and its right vector is D_I^½ 1
    scaled to length one, if users and articles form one connected graph.
    """
    by_user = divisors(user_degrees(block), user_exponent)
    return scale(block, by_user, divisors(degrees, article_exponent))
