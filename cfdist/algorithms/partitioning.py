"""How many blocks, and which bucket goes where: functions of the data alone."""

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.hashing import N_BUCKETS

LARGE_BLOCK_ROWS = 2**24
SMALL_BLOCK_ROWS = 2**18
FEW_BLOCKS = 64


def n_blocks(n_rows: int) -> int:
    """Blocks for so many rows: max(⌈rows / 2²⁴⌉, min(64, ⌈rows / 2¹⁸⌉)), at least 1.

    Examples
    --------
    >>> [n_blocks(rows) for rows in (0, 1_640_000, 100_000_000, 10**10)]
    [1, 7, 64, 597]
    """
    large = -(-n_rows // LARGE_BLOCK_ROWS)
    small = min(FEW_BLOCKS, -(-n_rows // SMALL_BLOCK_ROWS))
    return max(large, small, 1)


def block_of(bucket: NDArray[np.int32], blocks: int) -> NDArray[np.int32]:
    """Block of each bucket: equal runs of the 16,384 buckets."""
    return (bucket.astype(np.int64) * blocks // N_BUCKETS).astype(np.int32)
