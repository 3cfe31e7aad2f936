"""How Dask moves device arrays between workers, counted as `peer`.

Dask has its own way for cupy, which asks CUDA for memory. Ours is registered for the class itself,
and comes before it.
"""

from typing import Any

import numpy as np

from strict_device import counting
from strict_device.array import ndarray, on_device


def register() -> None:
    """Tell Dask, once per process."""
    from distributed.protocol.serialize import dask_deserialize, dask_serialize

    dask_serialize.register(ndarray)(_taken_apart)
    dask_deserialize.register(ndarray)(_put_together)


def _taken_apart(array: ndarray) -> tuple[dict[str, Any], list[Any]]:
    counting.count("peer", array.nbytes)
    host = np.ascontiguousarray(array._strict_host)
    header = {"dtype": host.dtype.str, "shape": array.shape}
    return header, [memoryview(host.reshape(-1).view(np.uint8))]


def _put_together(header: dict[str, Any], frames: list[Any]) -> ndarray:
    flat = np.frombuffer(bytearray().join(frames), dtype=header["dtype"])
    return on_device(flat.reshape(header["shape"]))
