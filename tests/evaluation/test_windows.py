from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfdist.algorithms.interactions import DAY_US
from cfdist.errors import ConfigError, DataError
from cfdist.evaluation.windows import (
    Window,
    plan_rule,
    plan_windows,
    split_label,
    windows_note,
)
from cfdist.settings import EvaluationSettings

YEAR_US = 365 * DAY_US


def planned(first=0, last=YEAR_US - 1, **given_settings) -> list[Window]:
    return plan_windows(EvaluationSettings(**given_settings), first, last)


# one window


def test_the_last_days_are_held_out():
    assert planned() == [Window("report", "report", YEAR_US - 28 * DAY_US, YEAR_US)]


def test_days_at_midnight_count_whole():
    """With dates alone the newest day is one of the 28."""
    window = planned(last=YEAR_US - DAY_US)[0]
    assert (window.from_us, window.until_us) == (YEAR_US - 28 * DAY_US, YEAR_US)


def test_a_date_is_held_out_from_there_on():
    assert planned(date="1970-12-01") == [Window("report", "report", 334 * DAY_US, YEAR_US)]
    noon = planned(date="1970-12-01T12:00:00+02:00")[0]
    assert noon.from_us == 334 * DAY_US + 10 * DAY_US // 24


def test_a_window_takes_a_fifth_at_most():
    assert planned(last=50 * DAY_US - 1)[0].from_us == 40 * DAY_US
    short = planned(last=3 * DAY_US)[0]
    assert short.until_us == 3 * DAY_US + 1
    assert short.until_us - short.from_us == (3 * DAY_US + 1) // 5


@pytest.mark.parametrize("date", ["1970-01-01", "1971-01-01", "1969-12-31", "2024-05-01"])
def test_a_date_needs_data_on_both_sides(date):
    with pytest.raises(ConfigError, match="outside the data") as error:
        planned(date=date)
    assert f"evaluation.date = {date!r}" in error.value.message
    assert "1970-01-01 … 1970-12-31T23:59:59.999999Z" in error.value.message


def test_the_oldest_and_newest_moment_as_a_date():
    assert planned(first=-1, date="1970-01-01")[0].from_us == 0
    assert planned(last=YEAR_US, date="1971-01-01")[0].from_us == YEAR_US


def test_what_is_no_date():
    with pytest.raises(ConfigError, match=r"evaluation\.date = 'May' is not a date"):
        planned(date="May")


@pytest.mark.parametrize("split", ["date", "rolling"])
def test_without_times(split):
    with pytest.raises(DataError, match="needs timestamps") as error:
        planned(first=None, last=None, split=split)
    assert "ingest.columns.timestamp" in error.value.remedy
    assert "evaluation.split=random" in error.value.remedy


def test_two_days_are_needed_without_a_date():
    with pytest.raises(DataError, match="needs 2 at least"):
        planned(last=2 * DAY_US - 1)
    assert planned(last=2 * DAY_US)
    assert planned(last=DAY_US, date="1970-01-02")


# rolling windows


def test_windows_that_choose_come_before_the_one_that_reports():
    windows = planned(split="rolling", n_windows=3)
    assert [window.name for window in windows] == ["choose 1", "choose 2", "choose 3", "report"]
    assert [window.role for window in windows] == ["choose"] * 3 + ["report"]
    assert windows[0].from_us == YEAR_US - 4 * 28 * DAY_US
    assert windows[-1] == planned(split="date")[0]


def test_fewer_windows_are_told():
    settings = EvaluationSettings(split="rolling", n_windows=9)
    windows = plan_windows(settings, 0, YEAR_US - 1)
    assert len(windows) == 6
    note = windows_note(settings, windows)
    assert note.startswith("5 of evaluation.n_windows = 9 windows choose")
    assert windows_note(settings.model_copy(update={"n_windows": 5}), windows) is None


def test_shorter_windows_are_told():
    settings = EvaluationSettings()
    note = windows_note(settings, plan_windows(settings, 0, 50 * DAY_US - 1))
    assert note.startswith("a window has 10 of evaluation.holdout_days = 28 days")


@settings(deadline=None)
@given(
    first=st.integers(-(10**15), 10**15),
    span=st.integers(2 * DAY_US, 2000 * DAY_US),
    n_windows=st.integers(1, 9),
    days=st.floats(0.01, 60),
)
def test_windows_follow_each_other_and_half_stays_before(first, span, n_windows, days):
    last = first + span
    settings = EvaluationSettings(split="rolling", n_windows=n_windows, holdout_days=days)
    windows = plan_windows(settings, first, last)
    assert 2 <= len(windows) <= n_windows + 1
    assert all(a.until_us == b.from_us for a, b in pairwise(windows))
    assert windows[0].from_us >= first + span / 2
    assert windows[-1].from_us <= last < windows[-1].until_us
    for window in windows:
        length = window.until_us - window.from_us
        assert 0 < length <= min(days * DAY_US, (span + 1) / 5)
        assert length < DAY_US or window.from_us % DAY_US == 0


# other splits


def test_rules_of_the_other_splits():
    assert plan_rule(EvaluationSettings(split="last_k", last_k=3), True) == ("last_k", (3,))
    random = EvaluationSettings(split="random", share=0.3, seed=4)
    assert plan_rule(random, False) == ("random", (0.3, 4))
    files = EvaluationSettings(split="files", test_input="test.csv")
    assert plan_rule(files, False) == ("files", ("test.csv",))
    assert planned()[0].rule == ("date", (YEAR_US - 28 * DAY_US, YEAR_US))


def test_rules_that_lack_something():
    with pytest.raises(DataError, match="'last_k' needs timestamps"):
        plan_rule(EvaluationSettings(split="last_k"), False)
    with pytest.raises(ConfigError, match=r"without evaluation\.test_input"):
        plan_rule(EvaluationSettings(split="files"), True)
    with pytest.raises(ValueError, match="split by windows"):
        plan_rule(EvaluationSettings(split="date"), True)


@pytest.mark.parametrize(
    ("given_settings", "label", "warning"),
    [
        ({}, "purchases of the last 28 days", None),
        ({"date": "2024-05-01"}, "purchases from 2024-05-01 on", None),
        ({"split": "rolling", "holdout_days": 7}, "rolling windows of 7 days", None),
        ({"split": "last_k"}, "last article of every user", "leaks other users' future"),
        ({"split": "last_k", "last_k": 2}, "last 2 articles of every user", "leaks other users'"),
        ({"split": "random"}, "random 20 % of every user's articles", "leaks the future"),
        ({"split": "files", "test_input": "t.csv"}, "rows of t.csv", None),
    ],
)
def test_labels(given_settings, label, warning):
    found, beware = split_label(EvaluationSettings(**given_settings))
    assert found == label
    assert beware is None if warning is None else beware.startswith(warning)
