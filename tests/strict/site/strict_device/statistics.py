"""`rmm.statistics`: a stack of counters of what is allocated through RMM.

cupy's arrays are, once `cupy.cuda.set_allocator` has RMM's allocator.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from strict_device import device_memory, memory_pool, rapids_memory


@dataclass
class Statistics:
    """Counters since they were pushed; what came before and goes now makes them negative."""

    current_bytes: int = 0
    current_count: int = 0
    peak_bytes: int = 0
    peak_count: int = 0
    total_bytes: int = 0
    total_count: int = 0

    def add(self, size: int) -> None:
        """Count memory that came, or went where ``size`` is negative."""
        self.current_bytes += size
        self.current_count += 1 if size > 0 else -1
        self.peak_bytes = max(self.peak_bytes, self.current_bytes)
        self.peak_count = max(self.peak_count, self.current_count)
        if size > 0:
            self.total_bytes += size
            self.total_count += 1

    def add_popped(self, inner: "Statistics") -> None:
        """Count what was counted while others were on top."""
        self.peak_bytes = max(self.peak_bytes, self.current_bytes + inner.peak_bytes)
        self.peak_count = max(self.peak_count, self.current_count + inner.peak_count)
        for name in ("current_bytes", "current_count", "total_bytes", "total_count"):
            setattr(self, name, getattr(self, name) + getattr(inner, name))


_stack: list[Statistics] = []


def enable_statistics() -> None:
    """Count from now on."""
    if not _stack:
        _stack.append(Statistics())
        device_memory.watchers.append(_watch)
    current = rapids_memory.current_device_resource()
    if not isinstance(current, ADAPTOR):
        rapids_memory.set_current_device_resource(ADAPTOR(current))


def get_statistics() -> Statistics | None:
    """The counters on top, None where nothing is counted."""
    return replace(_stack[-1]) if _is_on_top() else None


def push_statistics() -> Statistics | None:
    """The counters on top, below new ones at zero."""
    before = get_statistics()
    if before is not None:
        _stack.append(Statistics())
    return before


def pop_statistics() -> Statistics | None:
    """The counters on top, which are taken off and added to those below."""
    return _pop() if _is_on_top() else None


def _is_on_top() -> bool:
    """RMM finds its counters only where no other resource was put above them, as cuDF does."""
    return isinstance(rapids_memory.current_device_resource(), ADAPTOR)


def _push() -> Statistics:
    _stack.append(Statistics())
    return replace(_stack[-2])


def _pop() -> Statistics:
    if len(_stack) == 1:
        raise IndexError("cannot pop the last counters")
    popped = _stack.pop()
    _stack[-1].add_popped(popped)
    return popped


ADAPTOR: Any = rapids_memory.RESOURCES["StatisticsResourceAdaptor"]
ADAPTOR.push_counters = lambda self: _push()
ADAPTOR.pop_counters = lambda self: _pop()


@contextmanager
def statistics() -> Iterator[None]:
    """New counters inside a block."""
    enable_statistics()
    push_statistics()
    try:
        yield
    finally:
        pop_statistics()


def _watch(size: int) -> bool:
    """Count a block where it is RMM's; it is counted again when it goes."""
    if size > 0 and memory_pool.allocator_name() != "rmm_cupy_allocator":
        return False
    _stack[-1].add(size)
    return True


OWN = {
    "Statistics": Statistics,
    "enable_statistics": enable_statistics,
    "get_statistics": get_statistics,
    "pop_statistics": pop_statistics,
    "push_statistics": push_statistics,
    "statistics": statistics,
}
