"""NumPy, SciPy and compiled loops."""

from typing import Any

import numpy as np
import psutil
import scipy.sparse as sp
from numpy.typing import NDArray

from cfdist.algorithms import csr_products
from cfdist.algorithms.csr import CsrBlock, check_canonical
from cfdist.algorithms.tall import Host
from cfdist.backends import Memory


class CpuBackend(Host):
    """The default backend: what it computes is the reference for every other."""

    name = "cpu"
    frames = "arrow"

    @property
    def neighbors(self) -> Any:
        """Search by groups around centroids."""
        from cfdist.backends import cpu_neighbors

        return cpu_neighbors

    @property
    def scoring(self) -> Any:
        """Compiled loops over lists."""
        from cfdist.backends import cpu_scoring

        return cpu_scoring

    def memory(self, *, restart_peak: bool = False) -> Memory:
        """Of the machine."""
        found = psutil.virtual_memory()
        return Memory(int(found.available), int(found.total), 0)

    def csr(self, block: CsrBlock, dtype: Any) -> "CpuCsr":
        """The block, checked before any compiled code sees it."""
        check_canonical(block)
        return CpuCsr(block._replace(data=block.data.astype(dtype, copy=False)))


class CpuCsr:
    """Products of a checked block; their order of summation is fixed by the block."""

    def __init__(self, block: CsrBlock) -> None:
        self._block = block

    def times(self, dense: Any) -> Any:
        """X @ dense."""
        return csr_products.times(self._block, self._promoted(dense))

    def transposed_times(self, dense: Any) -> Any:
        """Xᵀ @ dense."""
        return csr_products.transposed_times(self._block, self._promoted(dense))

    def gram_times(self, dense: Any) -> Any:
        """Xᵀ(X @ dense)."""
        return csr_products.gram_times(self._block, self._promoted(dense))

    def gram(self) -> NDArray[np.float64]:
        """XᵀX, dense."""
        wide = self._wide()
        return np.asarray((wide.T @ wide).toarray())

    def user_gram(self) -> NDArray[np.float64]:
        """XXᵀ, dense."""
        wide = self._wide()
        return np.asarray((wide @ wide.T).toarray())

    def _wide(self) -> sp.csr_matrix:
        return self._block.to_scipy().astype(np.float64)

    def _promoted(self, dense: NDArray[Any]) -> NDArray[Any]:
        """As the wider of both types, in which the sums are."""
        return dense.astype(np.result_type(dense.dtype, self._block.data.dtype), copy=False)
