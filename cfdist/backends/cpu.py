"""NumPy and SciPy."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, check_canonical


class CpuBackend:
    """The default backend: what it computes is the reference for every other."""

    name = "cpu"

    def csr(self, block: CsrBlock, dtype: Any) -> "CpuCsr":
        """The block as a SciPy matrix, checked before any native kernel sees it."""
        check_canonical(block)
        return CpuCsr(block.to_scipy().astype(dtype, copy=False))


class CpuCsr:
    """Products of a SciPy CSR matrix; their order of summation is fixed by the matrix."""

    def __init__(self, matrix: sp.csr_matrix) -> None:
        self._matrix = matrix

    def times(self, dense: Any) -> Any:
        """X @ dense."""
        return self._matrix @ dense

    def transposed_times(self, dense: Any) -> Any:
        """Xᵀ @ dense."""
        return self._matrix.T @ dense

    def gram(self) -> NDArray[np.float64]:
        """XᵀX, dense."""
        wide = self._matrix.astype(np.float64)
        return np.asarray((wide.T @ wide).toarray())

    def user_gram(self) -> NDArray[np.float64]:
        """XXᵀ, dense."""
        wide = self._matrix.astype(np.float64)
        return np.asarray((wide @ wide.T).toarray())
