"""What differs between CPU and GPU, and nothing else."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.errors import ConfigError


class CsrOperator(Protocol):
    """A block of the matrix, ready for products."""

    def times(self, dense: Any) -> Any:
        """X @ dense, ``(n_rows, n)``."""

    def transposed_times(self, dense: Any) -> Any:
        """Xᵀ @ dense, ``(n_columns, n)``."""

    def gram_times(self, dense: Any) -> Any:
        """Xᵀ(X @ dense), ``(n_columns, n)``, without an array of n_rows rows."""

    def gram(self) -> NDArray[np.float64]:
        """XᵀX, dense float64 ``(n_columns, n_columns)`` on the host; for few columns."""

    def user_gram(self) -> NDArray[np.float64]:
        """XXᵀ, dense float64 ``(n_rows, n_rows)`` on the host; for few rows."""


class Backend(Protocol):
    """Array library of a worker. Tasks carry its name and resolve it where they run."""

    name: str

    def csr(self, block: CsrBlock, dtype: Any) -> CsrOperator:
        """The block on the device, its data as ``dtype``."""


def get_backend(name: str) -> Backend:
    """The backend of that name.

    Raises
    ------
    ConfigError
        No such backend.
    """
    if name != "cpu":
        raise ConfigError(f"there is no backend {name!r}", remedy="use 'cpu'")
    from cfdist.backends.cpu import CpuBackend

    return CpuBackend()
