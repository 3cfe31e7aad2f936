"""The best of a product are those of the dense product, to the last tie, in any dealing of rows.

Values are small integers and quarters, so that every sum is exact and equal scores abound.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import top_n

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted, take_rows
from cfdist.algorithms.sparse_products import product_top_k

values = st.sampled_from([0.0, 0.0, 0.0, -1.0, 0.25, 1.0, 2.0])


def block_of(dense: np.ndarray) -> CsrBlock:
    rows, columns = np.nonzero(dense)
    return csr_from_sorted(rows, columns, dense[rows, columns].astype(float), dense.shape)


def brute_force(
    scores: np.ndarray, k: int, forbidden: np.ndarray | None = None, min_score: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    narrow = scores.astype(np.float32)
    allowed = narrow > np.float32(min_score)
    if forbidden is not None:
        allowed &= ~forbidden
    ids, best = top_n(narrow, allowed, k)
    return ids, np.where(ids >= 0, best, np.float32(0))


def assert_same(found: tuple, wanted: tuple) -> None:
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])
    assert (found[0].dtype, found[1].dtype) == (np.int64, np.float32)


def table(data: st.DataObject, n_rows: int, n_columns: int) -> np.ndarray:
    flat = data.draw(st.lists(values, min_size=n_rows * n_columns, max_size=n_rows * n_columns))
    return np.array(flat).reshape(n_rows, n_columns)


@settings(max_examples=200)
@given(
    data=st.data(),
    shape=st.tuples(st.integers(0, 8), st.integers(0, 6), st.integers(0, 12)),
    k=st.integers(1, 14),
    min_score=st.sampled_from([0.0, 0.25, 1.0, -0.5, -10.0]),
)
def test_lists_are_those_of_the_dense_product(
    data: st.DataObject, shape: tuple[int, int, int], k: int, min_score: float
) -> None:
    n_rows, n_inner, n_columns = shape
    left, right = table(data, n_rows, n_inner), table(data, n_inner, n_columns)
    exclude = np.array(
        data.draw(st.lists(st.integers(-1, n_columns - 1), min_size=n_rows, max_size=n_rows)),
        dtype=np.int64,
    )
    met = (left != 0).astype(int) @ (right != 0).astype(int) > 0  # a sum of nothing is no score
    forbidden = ~met | (np.arange(n_columns) == exclude[:, None])
    found = product_top_k(block_of(left), block_of(right), k, exclude, min_score)
    assert_same(found, brute_force(left @ right, k, forbidden, min_score))


@pytest.mark.parametrize("k", [1, 2, 7, 64, 399, 400, 1000])
@pytest.mark.parametrize("n_distinct", [2, 10_000])
def test_long_lists_of_many_or_few_distinct_scores(k: int, n_distinct: int) -> None:
    rng = np.random.default_rng(k)
    left = rng.integers(0, 2, (30, 12)) * rng.integers(1, n_distinct, (30, 12)).astype(float)
    right = rng.integers(0, 2, (12, 400)) * rng.integers(1, n_distinct, (12, 400)).astype(float)
    found = product_top_k(block_of(left), block_of(right), k)
    assert_same(found, brute_force(left @ right, k))


@pytest.mark.parametrize("rising", [True, False])
def test_candidates_may_come_from_worst_to_best_or_the_other_way(rising: bool) -> None:
    scores = np.arange(1.0, 101.0) if rising else np.arange(100.0, 0.0, -1.0)
    ids, found = product_top_k(block_of(np.ones((1, 1))), block_of(scores[None, :]), 10)
    assert found[0].tolist() == list(range(100, 90, -1))
    assert ids[0].tolist() == (list(range(99, 89, -1)) if rising else list(range(10)))


def test_equal_scores_by_lower_column_by_hand() -> None:
    left = np.array([[1, 1], [0, 2]])
    right = np.array([[1, 0, 1, 3, 0], [0, 1, 1, 0, 1]])
    ids, scores = product_top_k(block_of(left), block_of(right), 3)
    assert ids.tolist() == [[3, 2, 0], [1, 2, 4]]
    assert scores.tolist() == [[3, 2, 1], [2, 2, 2]]


def test_rows_of_a_family_list_none_of_it() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 3, (40, 6)), rng.integers(0, 3, (6, 50))
    exclude, family = rng.integers(-1, 4, 40), rng.integers(0, 4, 50)
    found = product_top_k(block_of(left), block_of(right), 20, exclude, family=family)
    assert_same(found, brute_force(left @ right, 20, exclude[:, None] == family))


@given(seed=st.integers(0, 2**32), n_runs=st.integers(1, 5), k=st.sampled_from([1, 5, 40]))
def test_rows_in_any_runs_and_order_give_the_same_bits(seed: int, n_runs: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    left = rng.standard_normal((25, 9)) * rng.integers(0, 2, (25, 9))
    right = rng.standard_normal((9, 30)) * rng.integers(0, 2, (9, 30))
    whole = product_top_k(block_of(left), block_of(right), k, min_score=-np.inf)
    order = rng.permutation(25)
    for run in np.array_split(order, n_runs):
        part = product_top_k(take_rows(block_of(left), run), block_of(right), k, min_score=-np.inf)
        assert_same(part, (whole[0][run], whole[1][run]))


def test_sums_are_in_float64_in_the_order_of_the_entries() -> None:
    """In float32 the small ones would be lost, and the other way round a rest would be left."""
    small, large = 2.0**-20, 2.0**20
    left = np.array([[1.0, 1.0, 1.0]])
    right = np.array([[large, small], [small, large], [-large, -large]])
    ids, scores = product_top_k(block_of(left), block_of(right), 2)
    assert ids.tolist() == [[0, 1]]
    assert scores.tolist() == [[small, small]]


def test_the_least_score_is_compared_as_it_is_rounded() -> None:
    """0.1 in float32 is above 0.1 in float64."""
    ids, _ = product_top_k(block_of(np.ones((1, 1))), block_of(np.array([[0.1]])), 1, None, 0.1)
    assert ids.tolist() == [[-1]]


def test_zero_below_zero_is_zero_and_negative_scores_fall() -> None:
    """What float32 cannot hold rounds to −0, which ties with 0."""
    right = np.array([[-2.0, -(2.0**-100), 1.0, -1.0, 2.0**-100]])
    ids, scores = product_top_k(block_of(np.array([[2.0**-100]])), block_of(right), 5, min_score=-1)
    assert ids.tolist() == [[2, 1, 4, 3, 0]]
    assert scores.tolist() == [[2.0**-100, 0, 0, -(2.0**-100), -(2.0**-99)]]


@pytest.mark.parametrize(
    ("inner", "exclude", "family", "message"),
    [
        (3, None, None, "2 columns cannot meet 3 rows"),
        (2, np.zeros(1, np.int64), None, "1 exclusions for 4 rows"),
        (2, None, np.zeros(6, np.int64), "6 families for 5 columns"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    inner: int, exclude: np.ndarray | None, family: np.ndarray | None, message: str
) -> None:
    left, right = block_of(np.ones((4, 2))), block_of(np.ones((inner, 5)))
    with pytest.raises(ValueError, match=message):
        product_top_k(left, right, 1, exclude, family=family)
