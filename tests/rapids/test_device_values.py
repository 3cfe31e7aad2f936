"""What dask-cuda and Dask make of our values, shown with arrays that only claim a device."""

import numpy as np
import pyarrow as pa
import pytest
from dask.sizeof import sizeof
from dask_cuda.device_host_file import DeviceHostFile
from dask_cuda.is_device_object import is_device_object
from distributed.protocol import deserialize, serialize

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.interactions import InteractionBlock


class Claims:
    """An array that says that it lies on a device."""

    def __init__(self, n_bytes: int) -> None:
        self.nbytes = n_bytes
        self.__cuda_array_interface__ = {"shape": (n_bytes,), "typestr": "|u1", "version": 3}

    def __reduce__(self):
        """As cupy: by way of a host array."""
        return _from_host, (np.zeros(self.nbytes, np.uint8),)


def _from_host(array: np.ndarray) -> "Claims":
    return Claims(array.nbytes)


@sizeof.register(Claims)
def _(array: Claims) -> int:
    return array.nbytes


def csr(n_bytes: int) -> CsrBlock:
    return CsrBlock(Claims(n_bytes), Claims(n_bytes), Claims(8), (0, 5))


def interactions() -> InteractionBlock:
    ids = pa.array(["a", "b"])
    return InteractionBlock(ids, ids, *(Claims(1000) for _ in range(5)))


@pytest.mark.parametrize(
    "value", [csr(9), interactions(), (csr(9), 3), [csr(9)], {"block": csr(9)}, ({"x": [csr(9)]},)]
)
def test_blocks_are_seen_as_on_a_device(value):
    assert is_device_object(value)


def test_blocks_of_the_host_are_not():
    host = CsrBlock(np.zeros(2), np.zeros(2), np.zeros(3), (2, 5))
    assert not is_device_object((host, pa.array(["a"])))


def test_blocks_have_the_size_of_their_arrays():
    assert 20_008 <= sizeof(csr(10_000)) < 20_600
    assert 5_000 <= sizeof(interactions()) < 6_000


def test_a_block_travels_by_pickle_with_its_arrays_outside():
    """One copy to the host each way; Dask has a way of its own for plain tuples alone."""
    header, frames = serialize(csr(10_000))
    assert header["serializer"] == "pickle"
    assert sorted(memoryview(frame).nbytes for frame in frames)[-2:] == [10_000, 10_000]
    back = deserialize(header, frames)
    assert isinstance(back, CsrBlock)
    assert back.data.nbytes == 10_000


def test_blocks_beyond_the_limit_go_to_the_host(tmp_path):
    values = DeviceHostFile(str(tmp_path), device_memory_limit=25_000, memory_limit=10**9)
    values["first"], values["second"] = csr(10_000), csr(10_000)
    assert set(values.device) == {"second"}
    assert set(values.host) == {"first"}
    assert isinstance(values["first"], CsrBlock)
    assert set(values.device) == {"first"}
