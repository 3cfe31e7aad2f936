import json

import pytest
from build_folders import make_build, publish_by_hand

from cfdist.builds import log
from cfdist.builds.commit import take_over
from cfdist.builds.rollback import rollback
from cfdist.errors import ConflictError


def test_housekeeping_between_is_no_conflict(tmp_path):
    before = publish_by_hand(tmp_path, make_build(tmp_path, "a"))
    log.append(tmp_path, log.follow(before, removed=("x",)))
    assert take_over(tmp_path, "b", "0" * 64, before).number == 3
    assert log.live_entry(tmp_path).build == "b"


def test_a_rollback_during_a_publish_wins(tmp_path):
    publish_by_hand(tmp_path, make_build(tmp_path, "a"))
    before = publish_by_hand(tmp_path, make_build(tmp_path, "b"))
    rollback(tmp_path)
    with pytest.raises(ConflictError):
        take_over(tmp_path, "c", "0" * 64, before)
    assert log.live_entry(tmp_path).build == "a"


def test_two_that_wait_at_once_both_wait(tmp_path):
    publish_by_hand(tmp_path, make_build(tmp_path, "a"))
    before = rollback(tmp_path, "a")
    for name in ("b", "c"):
        take_over(tmp_path, name, name * 64, before)
    entries = log.read_entries(tmp_path)
    assert [(e.build, e.waiting) for e in entries[2:]] == [("a", "b"), ("a", "c")]


def test_entries_of_the_first_format_are_read_and_still_written(tmp_path):
    entry = log.commit(tmp_path, "a", "0" * 64, None)
    file = tmp_path / "_log" / f"{1:020d}.json"
    stored = json.loads(file.read_text())
    assert set(stored) == {"number", "build", "manifest_sha256", "committed_at"}
    file.write_text(json.dumps(stored | {"later": 1}))
    assert log.live_entry(tmp_path) == entry


def test_marks_survive_the_file(tmp_path):
    first = log.commit(tmp_path, "a", "0" * 64, None, forced=True)
    marks = log.follow(first, pinned=True, waiting="b", waiting_sha256="1", removed=("c", "d"))
    log.append(tmp_path, marks)
    assert log.read_entries(tmp_path) == [first, marks]
    assert log.follow(marks).removed == ()
    assert log.follow(marks).waiting == "b"
