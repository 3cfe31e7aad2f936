"""Truncated SVDs of others: each returns its singular values, descending."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import svds

Values = NDArray[np.floating]
ROWS_PER_CHUNK = 2**17


class Peer(NamedTuple):
    """A library's way.

    Attributes
    ----------
    name : str
    module : str, which must be installed
    run : (float32 CSR matrix, n_components) → singular values; factors of both sides are made
    """

    name: str
    module: str
    run: Callable[[sp.csr_matrix, int], Values]


def exact_values(matrix: sp.csr_matrix, k: int) -> Values:
    """By ARPACK in float64, to the last digit it has."""
    found = svds(
        matrix.astype(np.float64), k=k, tol=0, maxiter=100_000, return_singular_vectors=False,
        rng=0,
    )  # fmt: skip
    return np.sort(found)[::-1]


def cfdist(matrix: sp.csr_matrix, k: int) -> Values:
    """``fit_transform`` with its defaults: 1e-4 is its tolerance."""
    from cfdist.estimator import TruncatedSVD

    svd = TruncatedSVD(k)
    svd.fit_transform(matrix)
    return svd.singular_values_


def scikit_learn(**settings: Any) -> Callable[[sp.csr_matrix, int], Values]:
    """``fit_transform`` of scikit-learn under these settings."""

    def run(matrix: sp.csr_matrix, k: int) -> Values:
        from sklearn.decomposition import TruncatedSVD

        svd = TruncatedSVD(k, random_state=0, **settings)
        svd.fit_transform(matrix)
        return np.sort(svd.singular_values_)[::-1]

    return run


def scipy(solver: str) -> Callable[[sp.csr_matrix, int], Values]:
    """``svds`` with vectors of both sides."""

    def run(matrix: sp.csr_matrix, k: int) -> Values:
        return np.sort(svds(matrix, k=k, solver=solver, rng=0)[1])[::-1]

    return run


def dask_ml(matrix: sp.csr_matrix, k: int) -> Values:
    """On a Dask Array of sparse chunks, as cfdist takes it; a dense one would be 16 GB."""
    import dask.array as da
    from dask.delayed import delayed
    from dask_ml.decomposition import TruncatedSVD

    parts = [
        da.from_delayed(delayed(part, traverse=False), part.shape, matrix.dtype, meta=part[:0])
        for part in (
            matrix[first : first + ROWS_PER_CHUNK]
            for first in range(0, matrix.shape[0], ROWS_PER_CHUNK)
        )
    ]
    svd = TruncatedSVD(k, algorithm="randomized", n_iter=5, random_state=0)
    np.asarray(svd.fit_transform(da.concatenate(parts)))
    return np.sort(np.asarray(svd.singular_values_))[::-1]


PEERS = (
    Peer("cfdist", "cfdist", cfdist),
    Peer("scikit-learn randomized, n_iter=5", "sklearn", scikit_learn(n_iter=5)),
    Peer("scikit-learn randomized, n_iter=50", "sklearn", scikit_learn(n_iter=50)),
    Peer("scikit-learn arpack", "sklearn", scikit_learn(algorithm="arpack")),
    Peer("scipy svds arpack", "scipy", scipy("arpack")),
    Peer("scipy svds propack", "scipy", scipy("propack")),
    Peer("dask-ml, n_iter=5", "dask_ml", dask_ml),
)
