"""Device memory in use: the bytes of every live allocation, against a budget.

An allocation is the NumPy array at the root of a device array. Views keep their root alive, so
they cost nothing more.
"""

import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, NamedTuple

import numpy as np

from strict_device.environment import budget, check_device
from strict_device.errors import OutOfMemoryError

GRANULE = 512  # cupy allocates in multiples of it


Watch = Callable[[int], bool]


class Block(NamedTuple):
    """Memory that was taken."""

    size: int
    watched_by: list[Watch]


class Memory(NamedTuple):
    """Bytes on the device."""

    live: int
    peak: int
    budget: int


_used = {"live": 0, "peak": 0}
_roots: dict[int, Block] = {}
_shared: Counter[int] = Counter()  # address → how many hold it
_blocks: dict[int, Block] = {}
watchers: list[Watch] = []
"""Called with the bytes of every block; those that say yes hear when it is given back."""
_lock = RLock()  # a finalizer may run while the lock is held


def memory() -> Memory:
    """Bytes in use, at most since the start or the last reset, and in all."""
    return Memory(_used["live"], _used["peak"], budget())


def hold(array: np.ndarray) -> None:
    """Account for the memory that ``array`` is in, until nothing refers to it.

    Raises
    ------
    OutOfMemoryError
        The budget does not have it.
    """
    check_device()
    root = _root(array)
    with _lock:
        if id(root) not in _roots:
            _roots[id(root)] = _take(root.nbytes)
            weakref.finalize(root, _release, id(root)).atexit = False


def hold_buffers(thing: Any, buffers: dict[int, int]) -> None:
    """Account for memory by address as long as ``thing``, or another that shares it, lives."""
    check_device()
    held: list[int] = []
    weakref.finalize(thing, _release_buffers, held).atexit = False
    with _lock:
        for address, n_bytes in buffers.items():
            if not _shared[address]:
                _blocks[address] = _take(n_bytes)
            _shared[address] += 1
            held.append(address)


@contextmanager
def workspace(n_bytes: int) -> Iterator[None]:
    """Memory that an operation takes besides its operands and results, inside a block."""
    with _lock:
        block = _take(n_bytes)
    try:
        yield
    finally:
        with _lock:
            _give(block)


def clear_peak() -> None:
    """Forget the highest use so far."""
    _used["peak"] = _used["live"]


def _take(n_bytes: int) -> Block:
    size = -(-n_bytes // GRANULE) * GRANULE
    if _used["live"] + size > budget():
        raise OutOfMemoryError(size, _used["live"], budget())
    _used["live"] += size
    _used["peak"] = max(_used["peak"], _used["live"])
    return Block(size, [watch for watch in watchers if watch(size)])


def _give(block: Block) -> None:
    _used["live"] -= block.size
    for watch in block.watched_by:
        watch(-block.size)


def _release(key: int) -> None:
    with _lock:
        _give(_roots.pop(key))


def _release_buffers(addresses: list[int]) -> None:
    with _lock:
        for address in addresses:
            _shared[address] -= 1
            if not _shared[address]:
                del _shared[address]
                _give(_blocks.pop(address))


def _root(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
