import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from conftest import quick_config
from hypothesis import given
from hypothesis import strategies as st

from cfdist.errors import DataError
from cfdist.evaluation.candidates import SIMPLEST_FIRST
from cfdist.evaluation.decision import (
    Decision,
    Standing,
    choose,
    decision_path,
    expiry,
    read_decision,
    renew,
    store_decision,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = {name: {"recommend.method": name} for name in SIMPLEST_FIRST}


@st.composite
def fields(draw) -> list[Standing]:
    """Standings as a comparison makes them: one is best, and 0 behind itself."""
    n = draw(st.integers(1, 6))
    behind = [0.0, *draw(st.lists(st.floats(0, 0.2), min_size=n - 1, max_size=n - 1))]
    errors = [0.0, *draw(st.lists(st.floats(0, 0.1), min_size=n - 1, max_size=n - 1))]
    ranks = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    return [Standing(f"c{i}", ranks[i], 0.5 - behind[i], behind[i], errors[i]) for i in range(n)]


@given(fields())
def test_the_best_is_never_missed_by_more_than_the_error_of_the_difference(field):
    chosen = choose(field)
    assert chosen.behind <= chosen.standard_error
    for other in field:
        simpler = other.simplicity < chosen.simplicity
        better = other.simplicity == chosen.simplicity and other.mean > chosen.mean
        if simpler or better:
            assert other.behind > other.standard_error


@given(fields(), st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(field, random):
    shuffled = list(field)
    random.shuffle(shuffled)
    assert choose(shuffled) == choose(field)


@given(fields(), st.floats(0.001, 0.3), st.integers(0, 6))
def test_a_worse_candidate_changes_nothing(field, more, simplicity):
    """Worse by more than its error, however simple."""
    loser = Standing("loser", simplicity, 0.5 - more, more, more / 2)
    assert choose([*field, loser]) == choose(field)


def test_within_one_standard_error_includes_its_end():
    best = Standing("latent", 4, 0.5, 0.0, 0.0)
    assert choose([best, Standing("popular", 0, 0.4, 0.1, 0.1)]).name == "popular"
    assert choose([best, Standing("popular", 0, 0.4, 0.1, 0.0999)]).name == "latent"


def test_of_one_simplicity_the_better_then_the_name():
    a, b = Standing("b", 3, 0.5, 0.0, 0.0), Standing("a", 3, 0.49, 0.01, 0.02)
    assert choose([a, b]).name == "b"
    assert choose([a, replace(b, mean=0.5, behind=0.0)]).name == "a"


# renewing


def decision(name: str, **more) -> Decision:
    return Decision(name, SETTINGS[name], "in", "recall@10", "2026-03-01", "2026-03-08", **more)


def lead(name: str, before: Decision | None, compared=SETTINGS) -> Decision:
    return renew(name, compared, before, decision(name))


def test_the_first_leader_is_taken():
    found = lead("latent", None)
    assert (found.name, found.challenger, found.changed_from) == ("latent", None, None)


def test_the_same_leader_stays_and_forgets_its_challenger():
    found = lead("latent", decision("latent", challenger="spectral"))
    assert (found.name, found.challenger, found.changed_from) == ("latent", None, None)


def test_a_challenger_waits_once_and_is_taken_when_it_leads_again():
    first = lead("spectral", decision("latent"))
    assert (first.name, first.challenger, first.changed_from) == ("latent", "spectral", None)
    assert first.settings == SETTINGS["latent"]
    second = lead("spectral", first)
    assert (second.name, second.challenger, second.changed_from) == ("spectral", None, "latent")
    assert second.settings == SETTINGS["spectral"]


def test_another_challenger_starts_from_one_lead():
    first = lead("spectral", decision("latent"))
    other = lead("blend", first)
    assert (other.name, other.challenger) == ("latent", "blend")
    assert lead("spectral", other).challenger == "spectral"
    assert lead("spectral", lead("latent", first)).name == "latent", "not twice running"


def test_what_is_no_longer_compared_is_replaced_at_once():
    compared = {name: SETTINGS[name] for name in ("popular", "spectral")}
    found = lead("spectral", decision("latent"), compared)
    assert (found.name, found.challenger) == ("spectral", None)


def test_new_settings_of_the_one_that_stays_are_taken():
    compared = SETTINGS | {"latent": {"recommend.method": "latent", "factorize.n_components": 9}}
    found = lead("spectral", decision("latent"), compared)
    assert found.settings == compared["latent"]


def test_it_expires_at_its_moment():
    start, until = expiry(7, NOW)
    assert datetime.fromisoformat(until) - datetime.fromisoformat(start) == timedelta(days=7)
    found = replace(decision("latent"), expires_at=until)
    assert not found.is_expired(NOW + timedelta(days=7, seconds=-1))
    assert found.is_expired(NOW + timedelta(days=7))
    assert found.is_expired(), "of today"
    assert not replace(found, expires_at=expiry(7)[1]).is_expired()


# on disk


def stored(config) -> Decision:
    found = replace(decision("latent", table=[{"name": "latent"}]), expires_at=expiry(7)[1])
    store_decision(config, found)
    return found


def test_it_is_read_as_it_was_stored(tmp_path):
    config = quick_config(tmp_path)
    assert read_decision(config) is None
    assert read_decision(config) is None, "reading makes no file"
    assert stored(config) == read_decision(config)


@pytest.mark.parametrize(
    "other",
    [
        {"ingest": {"input": "other.parquet"}},
        {"ingest": {"columns": {"quantity": "n"}}},
        {"recommend": {"owned": "include"}},
    ],
)
def test_another_input_has_another_decision(tmp_path, other):
    stored(quick_config(tmp_path))
    assert read_decision(quick_config(tmp_path, other)) is None
    assert read_decision(quick_config(tmp_path, {"factorize": {"n_components": 3}})) is not None


GOOD = asdict(replace(decision("latent"), expires_at=expiry(7)[1]))
DAMAGED = {
    "no JSON": "{",
    "empty": "",
    "a list": "[]",
    "null": "null",
    "a number": "3",
    "bytes": b"\xff\xfe\x00",
    "a key too many": json.dumps(GOOD | {"more": 1}),
    "a key too few": json.dumps({key: GOOD[key] for key in GOOD if key != "metric"}),
    "no method": json.dumps(GOOD | {"settings": {}}),
    "unknown method": json.dumps(GOOD | {"settings": {"recommend.method": "magic"}}),
    "settings that are none": json.dumps(GOOD | {"settings": 3}),
    "unknown setting": json.dumps(
        GOOD | {"settings": {"recommend.method": "latent", "recommend.latent.magic": 3}}
    ),
    "setting of another section": json.dumps(
        GOOD | {"settings": {"recommend.method": "latent", "ingest.input": "elsewhere"}}
    ),
    "no date": json.dumps(GOOD | {"expires_at": "soon"}),
    "a date without a zone": json.dumps(GOOD | {"expires_at": "2026-03-01T00:00:00"}),
    "null for a date": json.dumps(GOOD | {"expires_at": None}),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, name):
    config = quick_config(tmp_path)
    path = decision_path(config)
    path.parent.mkdir(parents=True)
    content = DAMAGED[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        read_decision(config)
    assert str(path) in caught.value.message
    assert "cfdist evaluate --decide" in caught.value.remedy
    assert "delete it" in caught.value.remedy


def test_an_undamaged_one_is_read(tmp_path):
    config = quick_config(tmp_path)
    decision_path(config).parent.mkdir(parents=True)
    decision_path(config).write_text(json.dumps(GOOD))
    assert read_decision(config) == Decision(**GOOD)
