"""The end of the factorization on the device."""

from typing import Any

import cupy

from cfdist.algorithms.tall import DEVICE_ROW_CHUNK


def svd_of_product(tall: Any, small: Any, n_components: int) -> tuple[Any, Any]:
    """Singular values and right singular vectors of ``tall @ small``, on the device.

    Parameters
    ----------
    tall : ``(n_rows, n)``, float32 or float64
    small : float64 ``(n, m)``

    Notes
    -----
    The one shape that cuML's truncated SVD fits: tall, skinny, dense. It decomposes the Gram matrix
    in the type of its input, so that is float64, in column order as it wants it. Memory:
    8 n_rows m bytes for the product, 32 m² besides.
    """
    from cuml import TruncatedSVD  # the passes do without it

    product = cupy.empty((tall.shape[0], small.shape[1]), dtype=cupy.float64, order="F")
    for first in range(0, tall.shape[0], DEVICE_ROW_CHUNK):
        rows = slice(first, first + DEVICE_ROW_CHUNK)
        product[rows] = tall[rows].astype(cupy.float64) @ small
    if small.shape[1] == 1:  # cuML takes two columns at least
        return cupy.sqrt(cupy.square(product).sum(axis=0)), cupy.ones((1, 1))
    model = TruncatedSVD(n_components=n_components, algorithm="full", output_type="cupy")
    model.fit(product)
    return model.singular_values_, model.components_.T
