"""Neighbours in the space of articles are those of brute force over dense rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import NO_SCORE, all_products, top_k_cosine

from cfdist.algorithms.csr import CsrBlock, check_canonical, csr_from_sorted, take_rows
from cfdist.algorithms.pairs import transpose
from cfdist.algorithms.raw_neighbors import damped_unit_rows, raw_neighbors


def random_weights(n_users: int, n_articles: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, (n_users, n_articles)) * rng.integers(0, 2, (n_users, n_articles))


def block_of(dense: np.ndarray) -> CsrBlock:
    rows, columns = np.nonzero(dense)
    return csr_from_sorted(rows, columns, dense[rows, columns].astype(float), dense.shape)


def units_of(dense: np.ndarray, damping: float) -> CsrBlock:
    return damped_unit_rows(block_of(dense), (dense > 0).sum(axis=0), damping)


def families_of(dense: np.ndarray) -> np.ndarray:
    return np.unique(dense > 0, axis=0, return_inverse=True)[1].astype(np.int64)


weights = st.builds(random_weights, st.integers(1, 25), st.integers(1, 8), st.integers(0, 2**32))


@given(dense=weights, damping=st.sampled_from([0.0, 0.5, 1.0]))
def test_rows_have_length_one_and_directions_of_the_definition(
    dense: np.ndarray, damping: float
) -> None:
    units = units_of(dense, damping)
    check_canonical(units)
    rows = (dense > 0) / np.maximum((dense > 0).sum(axis=0), 1.0) ** damping
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    wanted = rows / np.where(lengths > 0, lengths, 1)
    np.testing.assert_allclose(units.to_scipy().toarray(), wanted, rtol=1e-6)


def test_pairs_that_are_only_owned_stay_in_the_row_and_count_nothing() -> None:
    block = csr_from_sorted(
        np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([3.0, 0.0, 0.0]), (2, 2)
    )
    units = damped_unit_rows(block, np.array([1, 0]), 0.5)
    assert units.data.tolist() == [1, 0, 0]
    assert units.indices.tolist() == [0, 1, 1]


@pytest.mark.parametrize("damping", [0.0, 0.5])
@given(dense=weights, k=st.integers(1, 9))
def test_neighbours_are_those_of_brute_force(dense: np.ndarray, damping: float, k: int) -> None:
    units, family = units_of(dense, damping), families_of(dense)
    ids, scores = raw_neighbors(units, transpose(units), k, family, family)
    rows = units.to_scipy().toarray()
    cosines = all_products(rows, rows)
    true_ids, true_scores = top_k_cosine(rows, k, family, cosines)
    shares = true_scores > 0  # users who share no article are no neighbours
    np.testing.assert_array_equal(ids, np.where(shares, true_ids, -1))
    np.testing.assert_allclose(scores, np.where(shares, true_scores, 0), rtol=2e-7)


def test_rows_of_one_family_are_no_neighbours() -> None:
    dense = np.array([[1, 1, 0], [2, 1, 0], [1, 0, 0], [0, 0, 1]])
    units = units_of(dense, 0.0)
    family = families_of(dense)
    ids, scores = raw_neighbors(units, transpose(units), 3, family, family)
    assert ids.tolist() == [[2, -1, -1], [2, -1, -1], [0, 1, -1], [-1, -1, -1]]
    np.testing.assert_allclose(scores[0], [np.sqrt(0.5), 0, 0], rtol=1e-6)
    assert NO_SCORE not in scores


def test_damping_prefers_the_user_who_shares_the_rare_article() -> None:
    """User 0 shares with 1 and 2 one of two articles each: what many have, what few have."""
    dense = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], *[[1, 0, 0, 0]] * 6])
    family = np.array([0, 1, 2, *[0] * 6])
    undamped, damped = (
        raw_neighbors(units, transpose(units), 2, family, family)[0][0]
        for units in (units_of(dense, 0.0), units_of(dense, 0.5))
    )
    assert undamped.tolist() == [1, 2]
    assert damped.tolist() == [2, 1]


@given(dense=weights, n_runs=st.integers(1, 4))
def test_queries_in_runs_find_the_same_bits(dense: np.ndarray, n_runs: int) -> None:
    units, family = units_of(dense, 0.5), families_of(dense)
    by_article = transpose(units)
    ids, scores = raw_neighbors(units, by_article, 5, family, family)
    for run in np.array_split(np.arange(len(dense)), n_runs):
        part = raw_neighbors(take_rows(units, run), by_article, 5, family[run], family)
        assert np.array_equal(part[0], ids[run])
        assert np.array_equal(part[1], scores[run])


@given(dense=weights)
def test_a_cosine_is_the_same_in_both_directions(dense: np.ndarray) -> None:
    units = units_of(dense, 0.5)
    n_users = len(dense)
    alone = np.arange(n_users)
    ids, scores = raw_neighbors(units, transpose(units), n_users, alone, alone)
    square = np.zeros((n_users, n_users), np.float32)
    row, place = np.nonzero(ids >= 0)
    square[row, ids[row, place]] = scores[row, place]
    assert np.array_equal(square, square.T)


def test_a_smaller_length_exponent_lets_long_histories_weigh_more():
    block = csr_from_sorted(
        np.array([0, 0, 0, 0, 1]), np.array([0, 1, 2, 3, 0]), np.ones(5), (2, 4)
    )
    n_users = np.array([2, 1, 1, 1])
    whole = damped_unit_rows(block, n_users, 0.0)
    part = damped_unit_rows(block, n_users, 0.0, 0.5)
    assert whole.data[:4] == pytest.approx(1 / 2)
    assert part.data[:4] == pytest.approx(1 / 2**0.5)
    assert part.data[4] == whole.data[4] == 1
