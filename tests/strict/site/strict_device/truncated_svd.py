# ruff: noqa: N803
"""`cuml.TruncatedSVD`: XᵀX in the type of the input, and its eigenvectors, as there."""

import inspect
from typing import Any

import numpy as np
import scipy.sparse as sp

from strict_device import counting
from strict_device.array import ndarray, on_device
from strict_device.buffers import shared
from strict_device.device_memory import workspace
from strict_device.errors import StrictDeviceError
from strict_device.sparse import Compressed
from strict_device.wrapping import is_device

ALGORITHMS = ("auto", "full", "jacobi")


class TruncatedSVD:
    """Dense matrices on the device; results are there too."""

    def __init__(
        self,
        *,
        algorithm: str = "full",
        n_components: int = 1,
        n_iter: int = 15,
        random_state: Any = None,
        tol: float = 1e-7,
        verbose: Any = False,
        output_type: Any = None,
    ) -> None:
        self.algorithm, self.n_components, self.n_iter = algorithm, n_components, n_iter
        self.random_state, self.tol = random_state, tol
        self.verbose, self.output_type = verbose, output_type

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """What it was made with."""
        names = list(inspect.signature(type(self)).parameters)
        return {name: getattr(self, name) for name in names}

    def fit(self, X: Any, y: Any = None) -> "TruncatedSVD":
        """Itself, with the results as attributes."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> ndarray:
        """The rows of X by components, column-major."""
        host = self._checked(X)
        with workspace(4 * host.shape[1] ** 2 * host.itemsize):
            squares, vectors = np.linalg.eigh(host.T @ host)
        keep = slice(None, -self.n_components - 1, -1)
        squares, vectors = squares[keep], vectors[:, keep]
        largest = np.abs(vectors).argmax(axis=0)
        vectors = vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
        made = host @ vectors
        variance = made.var(axis=0)
        self.components_ = on_device(np.asfortranarray(vectors.T))
        self.singular_values_ = on_device(np.sqrt(np.maximum(squares, 0)))
        self.explained_variance_ = on_device(variance)
        self.explained_variance_ratio_ = on_device(variance / host.var(axis=0).sum())
        counting.count("syncs")
        return on_device(np.asfortranarray(made))

    def transform(self, X: Any) -> ndarray:
        """The rows of X by components."""
        return on_device(np.asfortranarray(self._checked(X) @ self.components_._strict_host.T))

    def _checked(self, X: Any) -> np.ndarray:
        """The matrix column-major, in memory of its own where it was not."""
        if sp.issparse(X) or isinstance(X, Compressed):
            raise TypeError("Sparse data was passed for X, but dense data is required.")
        array = shared(X)
        if not is_device(array):
            raise StrictDeviceError(
                f"cuml.TruncatedSVD: {type(X).__name__} where a device array belongs"
            )
        if array.ndim != 2 or min(array.shape) < 2:
            raise ValueError(f"at least two rows and two columns are required, not {array.shape}")
        if not np.isfinite(array._strict_host).all():
            raise ValueError("Input contains NaN or infinity")
        if self.algorithm not in ALGORITHMS:
            raise ValueError(
                f"Expected `algorithm` to be one of {list(ALGORITHMS)}, got {self.algorithm!r}"
            )
        if self.n_components > array.shape[1]:
            raise ValueError(f"`n_components` ({self.n_components}) must be <= {array.shape[1]}")
        dtype = array.dtype if array.dtype in (np.float32, np.float64) else np.float32
        return np.asarray(
            on_device(array._strict_host.astype(dtype, order="F", copy=False))._strict_host
        )


OWN = {"TruncatedSVD": TruncatedSVD}
