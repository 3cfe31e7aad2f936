"""Dense tiles of scores: the same weighted means, and lists filled from any numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from reference import fill_from_scores, weighted_mean
from small_matrices import block_of

from cfdist.algorithms.csr import empty_rows, take_rows
from cfdist.algorithms.lists import Blocked, Lists
from cfdist.algorithms.scoring import fill_dense, fill_through, mean_through

SEEDS = st.integers(0, 10**6)
N_ROWS, N_OTHERS, N_ARTICLES = 7, 5, 11


def numbers(rng, shape, values=(0.0, 0.0, 0.25, 0.5, 1.0, 2.0)) -> np.ndarray:
    """Binary fractions: sums are exact in any order."""
    return rng.choice(np.array(values), shape)


@given(SEEDS)
def test_a_mean_is_that_over_positive_weights_and_entries(seed):
    rng = np.random.default_rng(seed)
    weights = numbers(rng, (N_ROWS, N_OTHERS), (0.0, -0.5, 0.25, 1.0, 2.0))
    table = numbers(rng, (N_OTHERS, N_ARTICLES), (0.0, -1.0, 0.5, 2.0))
    found = mean_through(block_of(weights), block_of(table))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, weighted_mean(weights, table))


@given(SEEDS, st.integers(0, N_ROWS))
def test_a_row_is_the_same_in_any_tile(seed, cut):
    rng = np.random.default_rng(seed)
    weights = block_of(rng.random((N_ROWS, N_OTHERS)) * (rng.random((N_ROWS, N_OTHERS)) < 0.6))
    table = block_of(rng.random((N_OTHERS, N_ARTICLES)))
    whole = mean_through(weights, table)
    parts = [np.arange(cut), np.arange(cut, N_ROWS)]
    tiles = [mean_through(take_rows(weights, part), table) for part in parts]
    assert np.vstack(tiles).tobytes() == whole.tobytes()


@given(SEEDS)
def test_lists_from_dense_means_are_those_of_fill_through(seed):
    rng = np.random.default_rng(seed)
    weights = block_of(rng.random((N_ROWS, N_OTHERS)) * (rng.random((N_ROWS, N_OTHERS)) < 0.6))
    table = block_of(rng.random((N_OTHERS, N_ARTICLES)) * (rng.random((N_OTHERS, 11)) < 0.5))
    owned = block_of(rng.random((N_ROWS, N_ARTICLES)) < 0.3)
    through, dense = Lists.empty(N_ROWS, 4), Lists.empty(N_ROWS, 4)
    fill_through(through, weights, table, owned, 2)
    tile = mean_through(weights, table)
    fill_dense(dense, np.where(tile > 0, tile, -np.inf).astype(np.float32), 0, owned, 2)
    for a, b in zip(through, dense, strict=True):
        np.testing.assert_array_equal(a, b)


@given(SEEDS, st.integers(0, N_ROWS - 1), st.booleans())
def test_dense_scores_of_any_sign_fill_what_is_free(seed, first, denies):
    """Rows from ``first`` on; −inf and nan are not offered."""
    rng = np.random.default_rng(seed)
    tile = numbers(rng, (N_ROWS - first, N_ARTICLES), (-np.inf, np.nan, -2.0, -0.0, 0.5, 1.0, 3.0))
    owned = rng.random((N_ROWS, N_ARTICLES)) < 0.4
    denied = np.array([3, 8]) if denies else np.empty(0, np.int64)
    begun = Lists.empty(N_ROWS, 5)
    for row in range(N_ROWS):
        n = rng.integers(0, 6)
        free = np.flatnonzero(~owned[row])[:n]
        begun.articles[row, : len(free)] = free
        begun.scores[row, : len(free)] = 9 - np.arange(len(free))
        begun.sources[row, : len(free)] = 1
    blocked = owned.copy()
    blocked[:, denied] = True
    blocked[first:] |= ~np.isfinite(tile)
    rows = slice(first, N_ROWS)
    expected = fill_from_scores(
        begun.articles[rows], begun.scores[rows], begun.sources[rows],
        np.where(np.isfinite(tile), tile, 0).astype(np.float32), blocked[rows], 6,
        only_positive=False,
    )  # fmt: skip
    before = [array[:first].copy() for array in begun]
    fill_dense(begun, tile.astype(np.float32), first, Blocked(block_of(owned), denied), 6)
    for found, wanted, kept in zip(begun, expected, before, strict=True):
        np.testing.assert_array_equal(found[rows], wanted)
        np.testing.assert_array_equal(found[:first], kept)


def test_equal_scores_are_in_the_order_of_the_articles():
    lists = Lists.empty(1, 3)
    fill_dense(lists, np.zeros((1, 5), np.float32), 0, empty_rows((1, 5)), 0)
    assert lists.articles.tolist() == [[0, 1, 2]]
