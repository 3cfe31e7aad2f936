"""One pool of device memory for all libraries, and what was in use at most."""

from importlib.util import find_spec
from threading import Lock
from typing import Any

import cupy

_counter: Any = None
"""RMM's counting resource. It is kept, because cuDF puts one of its own on top where it spills."""
_resident = 0
"""Bytes in use when RMM began to count anew; its peak is what came above."""
_peak = 0
_lock = Lock()


def share_pool() -> None:
    """Let cupy allocate where cuDF, cuML and cuVS do, and count; nothing where RMM is missing.

    Two pools on one device would each keep what the other one needs.
    """
    global _counter
    if find_spec("rmm") is None:
        return
    import rmm.mr
    from rmm import statistics
    from rmm.allocators.cupy import rmm_cupy_allocator

    with _lock:
        statistics.enable_statistics()
        _counter = rmm.mr.get_current_device_resource()
        _counter.push_counters()
        cupy.cuda.set_allocator(rmm_cupy_allocator)


def peak(*, restart: bool) -> int:
    """Bytes that were in use at most; 0 where RMM is missing.

    Parameters
    ----------
    restart : bool
        The next peak begins with what is in use now.
    """
    global _resident, _peak
    if _counter is None:
        return 0
    with _lock:
        found = _counter.pop_counters()
        highest = max(_peak, _resident + int(found.peak_bytes))
        _resident += int(found.current_bytes)
        _peak = _resident if restart else highest
        _counter.push_counters()
    return highest
