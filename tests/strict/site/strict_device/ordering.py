"""Sorting as cupy does it."""

from typing import Any

import numpy as np

from strict_device.device_memory import workspace
from strict_device.noise import shuffle


def check_kind(kind: str | None) -> None:
    """Raise for a kind that cupy does not have."""
    if kind not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")


def argsort(array: np.ndarray, axis: int | None, kind: str | None) -> np.ndarray:
    """Indexes that sort, always stable."""
    check_kind(kind)
    return _indexes(array, axis)


def argpartition(array: np.ndarray, kth: Any, axis: int | None) -> np.ndarray:
    """Indexes that sort fully, as cupy's do."""
    np.argpartition(array, kth, axis=axis)  # for its checks of kth and axis
    return _indexes(array, axis)


def partition(array: np.ndarray, kth: Any, axis: int | None) -> np.ndarray:
    """Partitioned, and in no order on either side of the elements at ``kth``."""
    with workspace(array.nbytes):
        parted = np.partition(array, kth, axis=axis)
    axis = -1 if axis is None else axis
    length = parted.shape[axis]
    edges = sorted({int(k) % length for k in np.atleast_1d(kth)})
    lines = np.moveaxis(parted, axis, -1)
    for start, stop in zip([0, *(k + 1 for k in edges)], [*edges, length], strict=True):
        shuffle(lines[..., start:stop])
    return parted


def lexsort(keys: np.ndarray) -> np.ndarray:
    """Indexes that sort by the last row first."""
    with workspace(keys[:1].nbytes + 16 * keys.shape[1]):
        return np.lexsort(keys)


def sort(array: np.ndarray, axis: int | None, kind: str | None) -> np.ndarray:
    """Sorted, always stable."""
    check_kind(kind)
    with workspace(array.nbytes):
        return np.sort(array, axis=axis, kind="stable")


def _indexes(array: np.ndarray, axis: int | None) -> np.ndarray:
    with workspace(2 * array.nbytes + 8 * array.size):  # sorted keys, and buffers of both
        return np.argsort(array, axis=axis, kind="stable")
