"""Blocks: every kind of damage is refused before a native kernel could see it."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfdist.algorithms import csr
from cfdist.algorithms.csr import CsrBlock, check_canonical, csr_from_sorted, stack, take_rows

dense_rows = st.lists(
    st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.5]), min_size=4, max_size=4), max_size=8
)


def block_of(dense: object, n_columns: int = 4) -> CsrBlock:
    """Block of a dense matrix, zeros left out."""
    matrix = np.asarray(dense, dtype=np.float32).reshape(-1, n_columns)
    rows, columns = np.nonzero(matrix)
    return csr_from_sorted(rows, columns, matrix[rows, columns], matrix.shape)


def dense_of(block: CsrBlock) -> np.ndarray:
    return block.to_scipy().toarray()


def same(left: CsrBlock, right: CsrBlock) -> bool:
    """Equal bits, types and shapes."""
    pairs = zip(left[:3], right[:3], strict=True)
    return left.shape == right.shape and all(
        a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs
    )


@pytest.fixture
def block() -> CsrBlock:
    """[[1 2 · ·], [· · · ·], [3 · 4 5]]."""
    return block_of([[1, 2, 0, 0], [0, 0, 0, 0], [3, 0, 4, 5]])


Damage = Callable[[CsrBlock], CsrBlock]
DAMAGES: dict[str, tuple[Damage, str]] = {
    "a row is missing": (lambda b: b._replace(indptr=b.indptr[:-1]), "3 rows of 5 entries"),
    "indptr starts late": (
        lambda b: b._replace(indptr=b.indptr + np.array([1, 0, 0, 0])),
        "3 rows",
    ),
    "indptr ends early": (lambda b: b._replace(indptr=b.indptr - np.array([0, 0, 0, 1])), "3 rows"),
    "indptr falls": (lambda b: b._replace(indptr=np.array([0, 3, 2, 5])), "belong together"),
    "too few weights": (lambda b: b._replace(data=b.data[:-1]), "belong together"),
    "too few columns": (lambda b: b._replace(indices=b.indices[:-1]), "3 rows of 4 entries"),
    "a column too large": (lambda b: b._replace(shape=(3, 3)), r"column 3 outside 0 … 2"),
    "a negative column": (
        lambda b: b._replace(indices=np.array([-1, 1, 0, 2, 3], np.int32)),
        r"column -1 outside 0 … 3",
    ),
    "unsorted row": (
        lambda b: b._replace(indices=np.array([0, 1, 2, 0, 3], np.int32)),
        "ascending and unique",
    ),
    "a column twice": (
        lambda b: b._replace(indices=np.array([0, 1, 0, 2, 2], np.int32)),
        "ascending and unique",
    ),
    "a column twice in the first row": (
        lambda b: b._replace(indices=np.array([1, 1, 0, 2, 3], np.int32)),
        "ascending and unique",
    ),
    "NaN": (lambda b: b._replace(data=b.data * np.float32("nan")), "not finite"),
    "infinite": (lambda b: b._replace(data=b.data + np.float32("inf")), "not finite"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_refused(block: CsrBlock, damage: str) -> None:
    do, message = DAMAGES[damage]
    check_canonical(block)
    with pytest.raises(ValueError, match=message):
        check_canonical(do(block))


def test_a_block_too_large_for_native_kernels_is_refused(
    block: CsrBlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csr, "MAX_BLOCK_NNZ", 4)
    with pytest.raises(ValueError, match="5 entries in a block, at most 4 fit"):
        check_canonical(block)


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (3, 4)])
def test_blocks_without_entries_are_canonical(shape: tuple[int, int]) -> None:
    none = np.empty(0, np.int64)
    empty = csr_from_sorted(none, none, none.astype(np.float64), shape)
    assert (empty.shape, empty.nnz, len(empty.indptr)) == (shape, 0, shape[0] + 1)


def test_a_falling_column_is_fine_where_a_row_begins() -> None:
    check_canonical(block_of([[0, 0, 0, 1], [0] * 4, [0] * 4, [1, 0, 0, 0], [0] * 4]))


def test_an_explicit_zero_is_an_entry() -> None:
    block = csr_from_sorted(np.array([0, 0]), np.array([1, 3]), np.array([0.0, 2.0]), (1, 4))
    assert block.nnz == 2
    assert block.data.tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("rows", "columns", "weights"),
    [([0, 0], [2, 1], [1.0, 1.0]), ([0, 0], [1, 1], [1.0, 1.0]), ([0], [1], [1e39])],
)
def test_entries_are_checked_while_a_block_is_made(
    rows: list[int], columns: list[int], weights: list[float]
) -> None:
    with pytest.raises(ValueError, match=r"ascending and unique|not finite"):
        csr_from_sorted(np.array(rows), np.array(columns), np.array(weights), (1, 4))


def test_types_and_bytes(block: CsrBlock) -> None:
    assert [a.dtype.name for a in block[:3]] == ["float32", "int32", "int64"]
    assert block.nbytes == 5 * 4 + 5 * 4 + 4 * 8
    assert np.shares_memory(block.to_scipy().data, block.data)


@given(dense=dense_rows, cuts=st.lists(st.integers(0, 8), max_size=3))
def test_stacking_the_parts_gives_the_whole(dense: list[list[float]], cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(dense)]
    parts = [block_of(dense[a:b]) for a, b in pairwise(bounds)]
    whole = stack(parts)
    check_canonical(whole)
    assert same(whole, block_of(dense))


@given(dense=dense_rows, data=st.data())
def test_rows_are_taken_in_the_order_given(dense: list[list[float]], data: st.DataObject) -> None:
    index = st.integers(0, max(0, len(dense) - 1))
    rows = np.array(data.draw(st.lists(index, max_size=8 if dense else 0)), dtype=np.int64)
    block = block_of(dense)
    taken = take_rows(block, rows)
    check_canonical(taken)
    assert same(taken, block_of(dense_of(block)[rows]))
