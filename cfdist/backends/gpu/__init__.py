"""cupy, cuML, cuVS and cuDF. Importing this needs them; a device is needed only to compute.

Every array stays on the device until :meth:`GpuBackend.to_host`; nothing else moves one.
"""

from typing import Any

import cupy
import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, check_canonical
from cfdist.backends import Memory
from cfdist.backends.gpu import memory, moving
from cfdist.backends.gpu.csr import GpuCsr
from cfdist.backends.gpu.svd import svd_of_product

__all__ = ["GpuBackend"]


class GpuBackend:
    """One GPU: the one that the worker sees first."""

    name = "gpu"
    frames = "cudf"
    xp = cupy

    def __init__(self) -> None:
        memory.share_pool()

    def to_device(self, value: Any) -> Any:
        """The value with every NumPy array in it on the device."""
        return moving.to_device(value)

    def to_host(self, value: Any) -> Any:
        """The value with every device array in it on the host."""
        return moving.to_host(value)

    def csr(self, block: CsrBlock, dtype: Any) -> GpuCsr:
        """The block, checked before cuSPARSE sees it."""
        check_canonical(block)
        return GpuCsr(block._replace(data=block.data.astype(dtype, copy=False)))

    def truncated_svd(
        self, tall: Any, small: NDArray[np.float64], n_components: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """By ``cuml.TruncatedSVD``."""
        values, vectors = svd_of_product(tall, self.to_device(small), n_components)
        return self.to_host(values), self.to_host(vectors)

    @property
    def neighbors(self) -> Any:
        """Search by brute force, settled in float64."""
        from cfdist.backends.gpu import neighbors

        return neighbors

    @property
    def scoring(self) -> Any:
        """Dense tiles and the best of their rows."""
        from cfdist.backends.gpu import scoring

        return scoring

    def memory(self, *, restart_peak: bool = False) -> Memory:
        """Of the device; what RMM's pool holds counts as taken."""
        free, total = cupy.cuda.runtime.memGetInfo()
        return Memory(int(free), int(total), memory.peak(restart=restart_peak))
