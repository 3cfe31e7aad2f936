"""Runs are folded alike on the host and on a device."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strict.installing import strict_packages

from cfdist.algorithms.segments import highest_where, segment_max, segment_sum, sum_by_row
from cfdist.backends import get_backend

runs = st.lists(
    st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=20), min_size=0, max_size=12
)


@pytest.fixture(scope="module", params=["cpu", "gpu"])
def backend(request: pytest.FixtureRequest) -> Iterator:
    with strict_packages():
        get_backend.cache_clear()
        yield get_backend(request.param)
    get_backend.cache_clear()


def arrays_of(drawn: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    values = np.array([value for run in drawn for value in run], dtype=np.int64)
    return values, np.cumsum([0, *map(len, drawn)])[:-1].astype(np.int64)


@given(drawn=runs)
def test_sums_and_maxima_of_runs(backend, drawn: list[list[int]]) -> None:
    values, starts = arrays_of(drawn)
    wide, whole, first = backend.to_device((values / 4, values, starts))
    assert backend.to_host(segment_sum(wide, first)).tolist() == [sum(run) / 4 for run in drawn]
    largest = backend.to_host(segment_max(whole, first))
    assert largest.tolist() == [max(run) for run in drawn]
    assert largest.dtype == np.int64


@given(drawn=st.lists(st.lists(st.integers(0, 9), max_size=9), min_size=1, max_size=8))
def test_sums_of_rows_of_which_some_are_empty(backend, drawn: list[list[int]]) -> None:
    values = np.array([value for row in drawn for value in row], dtype=np.float64)
    rows = np.repeat(np.arange(len(drawn)), [len(row) for row in drawn])
    given_arrays = backend.to_device((values, rows))
    assert backend.to_host(sum_by_row(*given_arrays, len(drawn))).tolist() == list(map(sum, drawn))


def test_equal_runs_have_equal_sums_wherever_they_stand(backend) -> None:
    """Rows are told apart by the bits of their weights."""
    run = np.random.default_rng(0).random(37)
    values = np.concatenate([run, [1e17], run, run])
    starts = np.array([0, 37, 38, 75])
    sums = backend.to_host(segment_sum(*backend.to_device((values, starts))))
    assert sums[0] == sums[2] == sums[3] == pytest.approx(run.sum(), rel=1e-15)


def test_the_highest_marked_value_of_each_row(backend):
    rng = np.random.default_rng(0)
    tile = rng.standard_normal((40, 7)).astype(np.float32)
    mask = rng.random(tile.shape) < 0.4
    found = backend.to_host(highest_where(*backend.to_device((tile, mask))))
    assert found.dtype == np.float32
    assert found[:, 0].tolist() == [
        max([0.0, *row[kept].tolist()]) for row, kept in zip(tile, mask, strict=True)
    ]
