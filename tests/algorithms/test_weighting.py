"""Weights against plain loops over the rows."""

import numpy as np
import pytest
from hypothesis import given
from interaction_rows import (
    Kind,
    block_from,
    local_codes,
    rows_of_a_block,
    weights_by_id,
)
from reference import Row, weights_of_rows

from cfdist.algorithms.weighting import user_item_weights, weigh


@pytest.mark.parametrize("aggregate", ["count", "sum"])
@pytest.mark.parametrize("returns", ["drop", "net"])
@given(given_rows=rows_of_a_block())
def test_weights_are_those_of_plain_loops(
    aggregate: str, returns: str, given_rows: tuple[list[Row], Kind]
) -> None:
    rows, kind = given_rows
    block = block_from(rows, kind)
    assert weights_by_id(block, aggregate, returns) == weights_of_rows(rows, aggregate, returns)


@pytest.mark.parametrize(
    ("quantities", "drop_count", "drop_sum", "net_count", "net_sum"),
    [
        ([2.0, 3.0], 2, 5, 2, 5),
        ([2.0, 3.0, -1.0], 2, 5, 1, 4),  # a purchase and a return cancel in the count
        ([2.0, -1.0], 1, 2, 1, 1),  # one of two came back: still bought once
        ([2.0, -2.0], 1, 2, 0, 0),
        ([-1.0], 0, 0, 0, 0),
        ([0.0], 0, 0, 0, 0),
        ([0.1, 0.2, -0.3], 2, 0.1 + 0.2, 0, 0),  # the float sum leaves 6e-17
    ],
)
def test_returns(
    quantities: list[float], drop_count: float, drop_sum: float, net_count: float, net_sum: float
) -> None:
    """Whatever is left of it, the pair stays in the matrix: it is owned."""
    block = block_from([Row("u1", "a", "b", q, t) for t, q in enumerate(quantities)])
    found = [
        weights_by_id(block, aggregate, returns)["u1", "a"]
        for returns in ("drop", "net")
        for aggregate in ("count", "sum")
    ]
    wanted = [drop_count, drop_sum, net_count, net_sum]
    assert found == [float(np.float32(weight)) for weight in wanted]


def test_a_weight_of_zero_is_plus_zero() -> None:
    """Rows are told apart by the bits of their weights."""
    rows = [Row("u1", "a", "b", -0.0, 0), Row("é", "a", "b", -1.0, 0), Row("v", "a", "b", 0.0, 0)]
    block = block_from(rows)
    for aggregate in ("count", "sum"):
        for returns in ("drop", "net"):
            matrix = user_item_weights(block, local_codes(block), 1, aggregate, returns)
            assert matrix.data.view(np.uint32).tolist() == [0, 0, 0]


def test_log1p_dampens_and_none_leaves() -> None:
    block = block_from(
        [Row("u", "a", "b", 1, 0), Row("u", "a", "b", 1, 1), Row("u", "c", "b", -1, 0)]
    )
    counts = user_item_weights(block, local_codes(block), 2, "count", "drop")
    assert weigh(counts, "none").data.tolist() == [2.0, 0.0]
    damped = weigh(counts, "log1p")
    np.testing.assert_allclose(damped.data, [np.log(3), 0], rtol=1e-6)
    assert damped.data.dtype == np.float32
    assert np.array_equal(damped.indices, counts.indices)
