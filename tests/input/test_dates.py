import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfdist.errors import ConfigError
from cfdist.input.dates import parse_date, show_date


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("1970-01-01", 0),
        (" 1970-01-03 ", 48),
        ("1970-01-01T06:00", 6),
        ("1970-01-01 06:00:00Z", 6),
        ("1970-01-01T06:00+02:00", 4),
        ("1969-12-31", -24),
    ],
)
def test_a_date_without_a_zone_is_utc(text, hours):
    assert parse_date(text, "x") == hours * 3_600_000_000


@pytest.mark.parametrize("text", ["", "yesterday", "2024-02-30", "01/05/2024", "20240501T99"])
def test_what_is_no_date_names_setting_and_value(text):
    with pytest.raises(ConfigError) as error:
        parse_date(text, "ingest.first_date")
    assert f"ingest.first_date = {text!r} is not a date" in error.value.message
    assert "2024-05-01" in error.value.remedy


@given(st.integers(-(10**15), 10**17))
def test_a_date_shown_is_read_back(moment):
    assert parse_date(show_date(moment), "x") == moment
