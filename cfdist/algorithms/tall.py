"""Products of tall arrays that end in small ones: tall ones where they are, small ones on the host.

Sums are in float64 over runs of rows, so that an array in float32 is never copied as a whole.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.namespace import namespace_of

ROW_CHUNK = 1_024
DEVICE_ROW_CHUNK = 65_536
"""A GPU has a launch to pay for every run."""


class Device(Protocol):
    """Where tall arrays are, as far as array maths must know. Every backend is one."""

    @property
    def xp(self) -> Any:
        """NumPy, or cupy."""

    def to_device(self, value: Any) -> Any:
        """The value with its arrays on the device."""

    def to_host(self, value: Any) -> Any:
        """The value with its arrays in NumPy."""

    def truncated_svd(
        self, tall: Any, small: NDArray[np.float64], n_components: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Singular values and right singular vectors of ``tall @ small``, on the host."""


class Host:
    """NumPy: nothing needs to be moved."""

    xp = np

    def to_device(self, value: Any) -> Any:
        """The value."""
        return value

    def to_host(self, value: Any) -> Any:
        """The value."""
        return value

    def truncated_svd(
        self, tall: Any, small: NDArray[np.float64], n_components: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """See :func:`svd_of_product`."""
        return svd_of_product(tall, small, n_components)


HOST: Device = Host()


def gram(left: Any, right: Any, device: Device = HOST) -> NDArray[np.float64]:
    """leftᵀ right on the host: runs of rows in their own type, added up in float64."""
    xp = device.xp
    total = xp.zeros((left.shape[1], right.shape[1]))
    for rows in _runs(left):
        total += left[rows].T @ right[rows]
    return np.asarray(device.to_host(total))


def gram64(left: Any, right: Any, device: Device = HOST) -> NDArray[np.float64]:
    """leftᵀ right on the host, accumulated in float64 over runs of rows."""
    xp = device.xp
    total = xp.zeros((left.shape[1], right.shape[1]))
    for rows in _runs(left):
        wide = left[rows].astype(xp.float64)  # of one array BLAS makes half a product
        total += wide.T @ (wide if right is left else right[rows].astype(xp.float64))
    return np.asarray(device.to_host(total))


def matmul64(tall: Any, small: NDArray[np.float64], device: Device = HOST) -> Any:
    """tall @ small in float64, where ``tall`` is, run by run of rows."""
    xp = device.xp
    right = device.to_device(small)
    out = xp.empty((tall.shape[0], small.shape[1]))
    for rows in _runs(tall):
        out[rows] = tall[rows].astype(xp.float64) @ right
    return out


def svd_of_product(
    tall: NDArray[np.floating], small: NDArray[np.float64], n_components: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest singular values and right singular vectors of ``tall @ small``, in float64.

    Parameters
    ----------
    tall : ``(n_rows, n)``
    small : float64 ``(n, m)``

    Returns
    -------
    float64 ``(n_components,)`` descending, and float64 ``(m, n_components)``

    Notes
    -----
    Of the Gram matrix. For a ``tall`` in float32 it is smallᵀ (tallᵀ tall) small, which costs a
    third: what is scaled up most, by √1e7, then has an error of 1e-9 of the largest. A ``tall`` in
    float64 is scaled up by 1e7 and needs the product itself.
    """
    if tall.dtype == np.float32:
        squared = small.T @ gram64(tall, tall) @ small
    else:
        product = tall @ small
        squared = product.T @ product
    squares, vectors = np.linalg.eigh(squared)
    order = np.argsort(squares)[::-1][:n_components]
    return np.sqrt(np.maximum(squares[order], 0)), vectors[:, order]


def _runs(tall: Any) -> Iterator[slice]:
    size = ROW_CHUNK if namespace_of(tall) is np else DEVICE_ROW_CHUNK
    return (slice(first, first + size) for first in range(0, tall.shape[0], size))
