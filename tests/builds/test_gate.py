from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfdist.builds.facts import BuildFacts
from cfdist.builds.gate import judge, stops, warnings
from cfdist.settings import GateSettings

DAY = 86_400 * 10**6
NOW = 20_000 * DAY + DAY // 4  # 2024-10-04, six in the morning
DAYS = {f"2024-09-{day:02d}": 100 for day in range(1, 31)} | {
    f"2024-10-{day:02d}": 100 for day in (1, 2, 3)
}


def hold_out(mean=0.10, low=0.01, high=0.03, n_users=5000, popular=0.08):
    gap = {"mean": mean - popular, "low": low, "high": high, "n_users": n_users}
    return {
        "metric": "recall@10",
        "articles": "new",
        "mean": mean,
        "popular": popular,
        "difference": gap,
    }


LIVE = BuildFacts(
    build="live", method="user_neighbors", users=1000, articles=200, rows=10_000,
    dropped_share=0.1, coverage=0.5, newest_us=NOW - DAY // 2, now_us=NOW, hold_out=hold_out(),
)  # fmt: skip
GOOD = replace(LIVE, build="new", n_owned_entries=0, overlap=0.8, new_users=0.05,
               new_articles=0.02, rows_per_day=DAYS)  # fmt: skip


def verdicts(facts=GOOD, live=LIVE, history=(LIVE,), **settings):
    return {check.name: check for check in judge(facts, live, history, GateSettings(**settings))}


def status(name, facts=GOOD, **others):
    return verdicts(facts, **others)[name].status


def test_what_cannot_be_told_from_popular_replaces_a_build_that_could_not_either():
    same = replace(GOOD, hold_out=hold_out(low=-0.001, high=0.004))
    assert status("hold_out", same) == "stop"
    for before in (None, hold_out(low=-0.002, high=0.003)):
        assert status("hold_out", same, live=replace(LIVE, hold_out=before)) == "warn"


def test_a_good_build_passes_every_check():
    found = verdicts()
    assert {check.status for check in found.values()} == {"pass"}
    assert len(found) == 13


@pytest.mark.parametrize(
    ("interval", "n_users", "first", "later"),
    [
        ((0.001, 0.02), 5000, "pass", "pass"),
        ((-0.01, 0.02), 5000, "warn", "stop"),  # not separable
        ((0.0, 0.02), 5000, "warn", "stop"),
        ((-0.01, 0.02), 999, "warn", "warn"),  # nobody could tell
        ((-0.03, -0.01), 5000, "stop", "stop"),
        ((-0.03, -0.01), 30, "stop", "stop"),
        ((-0.03, -0.03), 2, "warn", "warn"),  # an interval of no length, of two users
    ],
)
def test_popular_must_be_beaten(interval, n_users, first, later):
    facts = replace(GOOD, hold_out=hold_out(low=interval[0], high=interval[1], n_users=n_users))
    assert status("hold_out", facts, live=None) == first
    assert status("hold_out", facts) == later


def test_popular_itself_and_what_was_not_measured_are_not_judged():
    bad = hold_out(low=-1, high=-0.5)
    assert status("hold_out", replace(GOOD, method="popular", hold_out=bad)) == "skipped"
    found = verdicts(replace(GOOD, hold_out=None))
    assert found["hold_out"].status == found["quality"].status == "skipped"


def test_first_build_is_judged_by_popular_and_by_what_users_have():
    found = verdicts(replace(GOOD, n_owned_entries=3), live=None, history=())
    judged = {name: check.status for name, check in found.items() if check.status != "skipped"}
    assert judged == {"hold_out": "pass", "owned": "stop"}


@pytest.mark.parametrize(("mean", "expected"), [(0.0849, "stop"), (0.0851, "pass"), (0.5, "pass")])
def test_quality_against_the_median_of_the_last_seven(mean, expected):
    past = [replace(LIVE, hold_out=hold_out(mean=m)) for m in (0.1, 0.02, 0.1, 0.3, 0.1, 0.1, 0.1)]
    older = [replace(LIVE, hold_out=hold_out(mean=0.9))] * 20
    unlike = ({"metric": "ndcg@10"}, {"articles": "all"})
    others = [replace(LIVE, hold_out=hold_out(mean=0.9) | what) for what in unlike] * 3
    facts = replace(GOOD, hold_out=hold_out(mean=mean))
    assert status("quality", facts, history=[*others, *past, *older]) == expected
    few = replace(GOOD, hold_out=hold_out(mean=mean, n_users=100))
    assert status("quality", few, history=past) == ("warn" if expected == "stop" else "pass")
    assert status("quality", facts, history=others) == "skipped"


@pytest.mark.parametrize("name", ["users", "rows", "articles"])
@pytest.mark.parametrize(("factor", "expected"), [(0.69, "stop"), (0.71, "pass"), (1.31, "stop")])
def test_sizes_within_the_limit(name, factor, expected):
    facts = replace(GOOD, **{name: round(getattr(LIVE, name) * factor)})
    assert status(name, facts) == expected
    assert status(name, facts, max_change=0.5) == "pass"


def test_coverage_and_overlap():
    assert status("coverage", replace(GOOD, coverage=0.39)) == "stop"
    assert status("coverage", replace(GOOD, coverage=0.41)) == "pass"
    assert status("overlap", replace(GOOD, overlap=0.29)) == "stop"
    assert status("overlap", replace(GOOD, overlap=0.29, method="latent")) == "skipped"
    assert status("overlap", replace(GOOD, overlap=None)) == "skipped"


def test_owned_articles():
    assert status("owned", replace(GOOD, n_owned_entries=1)) == "stop"
    assert status("owned", replace(GOOD, n_owned_entries=1, owned_allowed=True)) == "skipped"


@pytest.mark.parametrize("name", ["new_users", "new_articles"])
@pytest.mark.parametrize(("share", "expected"), [(0.3, "pass"), (0.4, "warn"), (0.6, "stop")])
def test_new_ids(name, share, expected):
    assert status(name, replace(GOOD, **{name: share})) == expected


@pytest.mark.parametrize(("share", "expected"), [(0.14, "pass"), (0.2, "warn"), (0.31, "stop")])
def test_dropped_rows_against_the_live_build(share, expected):
    assert status("dropped", replace(GOOD, dropped_share=share)) == expected


def test_old_data_is_a_warning():
    assert status("freshness", replace(GOOD, newest_us=NOW - 8 * DAY)) == "warn"
    assert status("freshness", replace(GOOD, newest_us=None)) == "skipped"


@pytest.mark.parametrize(("rows", "expected"), [(49, "warn"), (51, "pass"), (9, "stop")])
def test_rows_of_the_newest_full_day(rows, expected):
    days = DAYS | {"2024-10-03": rows, "2024-10-04": 1}  # the day of the run is not full
    assert status("volume", replace(GOOD, rows_per_day=days)) == expected


def test_volume_needs_days():
    few = {day: 5 for day in DAYS if day > "2024-09-10"}
    rare = {"2024-08-01": 5, "2024-10-02": 1}
    for days in (None, {}, few, rare, {"2024-10-04": 5}):
        assert status("volume", replace(GOOD, rows_per_day=days)) == "skipped"


maybe = st.none() | st.floats(0, 1)
any_facts = st.builds(
    BuildFacts, build=st.just("b"), method=st.sampled_from(["latent", "popular"]),
    users=st.integers(0, 10), articles=st.integers(0, 10), rows=st.integers(0, 10),
    dropped_share=st.floats(0, 1), coverage=maybe, overlap=maybe, new_users=maybe,
    new_articles=maybe, n_owned_entries=st.none() | st.integers(0, 2),
    newest_us=st.none() | st.integers(0, NOW), now_us=st.none() | st.just(NOW),
    rows_per_day=st.none() | st.just(DAYS), hold_out=st.none() | st.builds(hold_out),
)  # fmt: skip


@given(any_facts, st.none() | any_facts, st.lists(any_facts, max_size=9))
def test_every_build_gets_one_verdict_per_rule_and_stops_are_in_words(facts, live, history):
    checks = judge(facts, live, history, GateSettings())
    assert len({check.name for check in checks}) == len(checks) == 13
    assert all(check.message for check in checks)
    for check in stops(checks) + warnings(checks):
        assert check.value is not None
        assert check.limit is not None
