"""What differs between CPU and GPU, and nothing else."""

from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.errors import ConfigError

NAMES = ("cpu", "gpu")


class Memory(NamedTuple):
    """Of a device, in bytes.

    Attributes
    ----------
    peak_bytes : in use at most since the peak began; 0 where nobody counts
    """

    free_bytes: int
    total_bytes: int
    peak_bytes: int


class CsrOperator(Protocol):
    """A block of the matrix, ready for products; dense arrays are the backend's."""

    def times(self, dense: Any) -> Any:
        """X @ dense, ``(n_rows, n)``."""

    def transposed_times(self, dense: Any) -> Any:
        """Xᵀ @ dense, ``(n_columns, n)``."""

    def gram_times(self, dense: Any) -> Any:
        """Xᵀ(X @ dense), ``(n_columns, n)``, without a large array of n_rows rows."""

    def gram(self) -> NDArray[np.float64]:
        """XᵀX, dense float64 ``(n_columns, n_columns)`` on the host; for few columns."""

    def user_gram(self) -> NDArray[np.float64]:
        """XXᵀ, dense float64 ``(n_rows, n_rows)`` on the host; for few rows."""


class Backend(Protocol):
    """Where arrays are, and who works on them. Tasks carry its name and resolve it on the worker.

    Attributes
    ----------
    name : "cpu" or "gpu"
    frames : "arrow" or "cudf", the engine that reads tables, see :mod:`cfdist.input`
    """

    name: str
    frames: str

    @property
    def xp(self) -> Any:
        """NumPy or cupy."""

    def to_device(self, value: Any) -> Any:
        """The value with all its arrays on the device; counted. On the CPU the value itself."""

    def to_host(self, value: Any) -> Any:
        """The value with all its arrays in NumPy; counted. On the CPU the value itself."""

    def csr(self, block: CsrBlock, dtype: Any) -> CsrOperator:
        """The block, checked, with its data as ``dtype``."""

    def truncated_svd(
        self, tall: Any, small: NDArray[np.float64], n_components: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Singular values and right singular vectors of ``tall @ small``, on the host.

        In float64; see :func:`cfdist.algorithms.tall.svd_of_product` for shapes.
        """

    @property
    def neighbors(self) -> Any:
        """Exact search: :mod:`~cfdist.backends.cpu_neighbors` has its functions."""

    @property
    def scoring(self) -> Any:
        """Filling of lists, counting of pairs: :mod:`~cfdist.backends.cpu_scoring` has them."""

    def memory(self, *, restart_peak: bool = False) -> Memory:
        """The device's memory; with ``restart_peak`` the peak begins anew."""


def has_device(name: str) -> bool:
    """Whether values of the backend of that name are elsewhere than in the host's memory."""
    return name != "cpu"


@cache
def get_backend(name: str) -> Backend:
    """The backend of that name.

    Raises
    ------
    ConfigError
        No such backend, or its libraries are not installed.
    """
    if name == "cpu":
        from cfdist.backends.cpu import CpuBackend

        return CpuBackend()
    if name != "gpu":
        raise ConfigError(f"there is no backend {name!r}", remedy="use 'cpu' or 'gpu'")
    try:
        from cfdist.backends.gpu import GpuBackend
    except ImportError as error:
        raise ConfigError(
            f"the GPU backend needs RAPIDS, which is not installed here: {error}",
            remedy="pip install 'cfdist[cu12]' on every worker; `cfdist doctor --backend gpu` "
            "says what is missing",
        ) from error
    return GpuBackend()
