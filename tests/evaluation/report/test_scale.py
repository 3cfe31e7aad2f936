import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfdist.evaluation.report.scale import fitting, linear, logarithmic

VALUES = st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 6)), min_size=1, max_size=20)
POSITIVE = st.lists(st.floats(1e-3, 1e5), min_size=1, max_size=20)


@given(VALUES, st.booleans())
def test_a_linear_axis_holds_its_values_between_two_ticks(values, zero):
    scale = linear(values, zero=zero)
    slack = 1e-9 * max(1, abs(scale.low), abs(scale.high))
    assert scale.low <= min(values) + slack
    assert scale.high >= max(values) - slack
    assert scale.high > scale.low
    assert 2 <= len(scale.ticks) <= 12
    assert not zero or scale.low <= 0 <= scale.high


@given(VALUES)
def test_labels_of_ticks_differ(values):
    scale = linear(values)
    assert len({scale.label(tick) for tick in scale.ticks}) == len(scale.ticks)


@given(POSITIVE)
def test_a_logarithmic_axis_keeps_the_order(values):
    scale = logarithmic(values)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 < place < 100 for place in places)
    assert len(scale.ticks) <= 9


def test_an_axis_of_ratios_only_where_ratios_are_large():
    assert fitting([1, 100]).is_log
    assert not fitting([1, 9]).is_log
    assert not fitting([0, 100]).is_log
    assert logarithmic([1, 100]).at(10) == pytest.approx(50)


def test_nothing_and_one_value_have_an_axis():
    assert linear([]).ticks[0] == 0
    assert linear([0.0]).high > 0
    assert linear([5.0]).low == 0
    assert linear([-5.0]).high == 0


def test_what_lies_outside_is_put_on_the_end():
    scale = linear([0, 1])
    assert scale.at(-3) == 0
    assert scale.at(7) == 100
    assert logarithmic([1, 10]).at(0) == 0
