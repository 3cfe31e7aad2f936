"""What changes from call to call on a device: the last bit of sums, the order within a part."""

import numpy as np

from strict_device.environment import seed

draws = np.random.default_rng(seed())


def last_bit(values: np.ndarray) -> np.ndarray:
    """The values, about half of them one unit in the last place away."""
    if values.dtype.kind != "f":
        return values
    towards = np.where(draws.random(values.shape) < 0.5, np.inf, -np.inf).astype(values.dtype)
    moved = draws.random(values.shape) < 0.5
    moved &= values != 0  # nothing was added to these
    return np.where(moved, np.nextafter(values, towards), values)


def shuffle(lines: np.ndarray) -> None:
    """Put the elements of each line of the last axis into some order, in place."""
    draws.permuted(lines, axis=-1, out=lines) if lines.flags.writeable and lines.size else None
