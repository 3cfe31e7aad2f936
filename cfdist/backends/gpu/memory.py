"""One pool of device memory for all libraries, and what was in use at most."""

from importlib.util import find_spec

import cupy

_resident = 0
"""Bytes in use when RMM began to count anew; its peak is what came above."""
_peak = 0


def share_pool() -> None:
    """Let cupy allocate where cuDF, cuML and cuVS do, and count; nothing where RMM is missing.

    Two pools on one device would each keep what the other one needs.
    """
    if find_spec("rmm") is None:
        return
    from rmm import statistics
    from rmm.allocators.cupy import rmm_cupy_allocator

    statistics.enable_statistics()
    statistics.push_statistics()
    cupy.cuda.set_allocator(rmm_cupy_allocator)


def peak(*, restart: bool) -> int:
    """Bytes that were in use at most; 0 where RMM is missing.

    Parameters
    ----------
    restart : bool
        The next peak begins with what is in use now.
    """
    global _resident, _peak
    if find_spec("rmm") is None:
        return 0
    from rmm import statistics

    found = statistics.pop_statistics()
    if found is None:
        return 0
    highest = max(_peak, _resident + int(found.peak_bytes))
    _resident += int(found.current_bytes)
    _peak = _resident if restart else highest
    statistics.push_statistics()
    return highest
