"""What goes to the device, what comes back, and what that counts."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from cfdist.algorithms.namespace import namespace_of
from cfdist.backends import get_backend, transfers


class Pair(NamedTuple):
    on_host = ("names",)

    values: object
    names: object


@dataclass(frozen=True)
class Table:
    values: object
    counts: object
    on_host = ("counts",)


def test_nested_values_go_and_come_back(gpu):
    import cupy

    ids = pa.array(["a", "b"])
    value = {"a": [np.arange(3), (np.ones(2), 7)], "b": "text", "c": None, "ids": ids}
    moved = gpu.to_device(value)
    assert isinstance(moved["a"][0], cupy.ndarray)
    assert isinstance(moved["a"][1][0], cupy.ndarray)
    assert moved["b"] == "text"
    assert moved["ids"] is ids
    back = gpu.to_host(moved)
    assert back["a"][0].tolist() == [0, 1, 2]
    assert back["a"][1][1] == 7
    assert isinstance(back["a"][1][0], np.ndarray)


def test_fields_that_stay_on_the_host(gpu):
    for kind in (Pair, Table):
        moved = gpu.to_device(kind(np.ones(3), np.zeros(2)))
        first, second = moved if kind is Pair else (moved.values, moved.counts)
        assert namespace_of(first).__name__ == "cupy"
        assert isinstance(second, np.ndarray)


def test_text_and_objects_stay_where_they_are(gpu):
    words = np.array(["a", "b"])
    assert gpu.to_device(words) is words


def test_what_is_there_already_is_not_moved_again(gpu, device):
    moved = gpu.to_device(np.ones(5))
    device.reset()
    assert gpu.to_device(moved) is moved
    assert device.counts().to_device == 0


def test_our_counts_are_those_of_the_device(gpu, device):
    transfers.take("matrix")
    with transfers.counted_for("matrix"):
        gpu.to_host(gpu.to_device([np.ones(4), np.arange(3, dtype=np.int32)]))
    counts = transfers.take("matrix")
    assert counts == {
        "to_device": 2, "to_device_bytes": 44, "to_host": 2, "to_host_bytes": 44, "peak_bytes": 0
    }  # fmt: skip
    assert device.counts().to_device_bytes == 44
    assert transfers.take("matrix")["to_device"] == 0


def test_the_cpu_moves_nothing():
    value = [np.ones(3), {"a": np.zeros(2)}]
    cpu = get_backend("cpu")
    assert cpu.to_device(value) is value
    assert cpu.to_host(value) is value
