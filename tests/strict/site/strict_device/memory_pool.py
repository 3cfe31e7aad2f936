"""Allocators of cupy: they are taken, and the budget stays what it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from strict_device.device_memory import memory
from strict_device.errors import CUDARuntimeError, OutOfMemoryError


class MemoryPool:
    """`cupy.cuda.MemoryPool`; every array goes back at once, so nothing is ever free in it."""

    def __init__(self, allocator: Any = None) -> None:
        self._limit = 0

    def malloc(self, size: int) -> Any:
        """For set_allocator, which never calls it."""
        raise NotImplementedError("memory of the stand-in is NumPy's")

    def used_bytes(self) -> int:
        """Bytes of live arrays."""
        return memory().live

    total_bytes = used_bytes

    def free_bytes(self) -> int:
        """Nothing is kept."""
        return 0

    n_free_blocks = free_bytes

    def free_all_blocks(self, stream: Any = None) -> None:
        """Nothing is kept."""

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        """Only said again by `get_limit`."""
        self._limit = size if size is not None else int((fraction or 0) * memory().budget)

    def get_limit(self) -> int:
        """Bytes, 0 without a limit."""
        return self._limit


_default = MemoryPool()
_allocator: list[Any] = [_default.malloc]


def set_allocator(allocator: Any = None) -> None:
    """Keep the name; memory stays NumPy's."""
    if allocator is not None and not callable(allocator):
        raise TypeError("CuPy allocator must be callable")
    _allocator[0] = allocator


def allocator_name() -> str:
    """Of the allocator that was set last."""
    return getattr(_allocator[0], "__name__", "")


@contextmanager
def using_allocator(allocator: Any = None) -> Iterator[None]:
    """Another allocator inside a block."""
    before = _allocator[0]
    set_allocator(allocator)
    try:
        yield
    finally:
        set_allocator(before)


OWN = {
    "get_default_memory_pool": lambda: _default,
    "get_default_pinned_memory_pool": lambda: _default,
}
MEMORY = {
    "CUDARuntimeError": CUDARuntimeError,
    "MemoryPool": MemoryPool,
    "OutOfMemoryError": OutOfMemoryError,
    "get_allocator": lambda: _allocator[0],
    "set_allocator": set_allocator,
}
CUDA = {
    "MemoryPool": MemoryPool,
    "get_allocator": lambda: _allocator[0],
    "set_allocator": set_allocator,
    "using_allocator": using_allocator,
}
