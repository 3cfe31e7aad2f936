"""Blocks are runs of buckets, and their number depends on the rows alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfdist.algorithms.hashing import N_BUCKETS
from cfdist.algorithms.partitioning import block_of, n_blocks

BUCKETS = np.arange(N_BUCKETS, dtype=np.int32)


@pytest.mark.parametrize(
    ("rows", "blocks"),
    [
        (0, 1),
        (1, 1),
        (2**18, 1),
        (2**18 + 1, 2),
        (64 * 2**18, 64),
        (64 * 2**18 + 1, 64),
        (64 * 2**24, 64),
        (64 * 2**24 + 1, 65),
        (10**10, 597),
    ],
)
def test_number_of_blocks(rows: int, blocks: int) -> None:
    assert n_blocks(rows) == blocks


@given(rows=st.integers(0, 10**11), more=st.integers(0, 10**9))
def test_more_rows_never_need_fewer_blocks(rows: int, more: int) -> None:
    assert n_blocks(rows) <= n_blocks(rows + more)


@given(blocks=st.integers(1, 1_000))
def test_blocks_are_equal_runs_that_cover_all_buckets(blocks: int) -> None:
    block = block_of(BUCKETS, blocks)
    assert block.dtype == np.int32
    assert np.all(np.diff(block) >= 0)
    sizes = np.bincount(block)
    assert len(sizes) == blocks
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize(("blocks", "first"), [(1, [0]), (2, [0, 8192]), (3, [0, 5462, 10923])])
def test_where_blocks_begin(blocks: int, first: list[int]) -> None:
    assert np.searchsorted(block_of(BUCKETS, blocks), np.arange(blocks)).tolist() == first
