import os
import threading
import time

import pytest
from build_folders import make_build, publish_by_hand, rewrite_time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cfdist.builds import gc as module
from cfdist.builds import load_build, log
from cfdist.builds.gc import collect
from cfdist.builds.named import stored_builds
from cfdist.builds.rollback import rollback, unpin, verify
from cfdist.errors import BuildError, ConflictError

DAY = 86_400
REFUSED = {"status": "refused", "forced": False, "checks": []}


def age(folder, days):
    """Make a folder look untouched for so long."""
    then = time.time() - days * DAY
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (then, then))


@pytest.fixture
def root(tmp_path):
    """Eight builds, one a day, the newest of today."""
    for number in range(8):
        publish_by_hand(tmp_path, make_build(tmp_path, f"b{number}"))
        rewrite_time(tmp_path, number + 1, 7 - number)
    return tmp_path


def names(found):
    return [item.build for item in found]


def test_old_builds_go_and_the_newest_stay(root):
    found = collect(root, keep=3, older_than_days=0)
    assert names(found) == ["b0", "b1", "b2", "b3", "b4"]
    assert {item.why for item in found} == {"old"}
    assert all(item.bytes > 0 for item in found)
    assert sorted(os.listdir(root / "builds")) == ["b5", "b6", "b7"]
    assert load_build(root).id == "b7"
    assert collect(root, keep=3, older_than_days=0) == []


def test_young_builds_stay_whatever_their_number(root):
    assert names(collect(root, keep=1, older_than_days=5.5)) == ["b0", "b1"]


def test_what_was_live_within_a_day_stays(root):
    rewrite_time(root, 8, 0.5)  # b6 was live until half a day ago
    collect(root, keep=1, older_than_days=0)
    assert stored_builds(root) == ["b6", "b7"]


def test_dry_run_touches_nothing(root):
    before = log.read_entries(root)
    assert names(collect(root, 3, 0, dry_run=True)) == ["b0", "b1", "b2", "b3", "b4"]
    assert len(stored_builds(root)) == 8
    assert log.read_entries(root) == before


def test_pinned_and_waiting_builds_stay(root):
    rollback(root, "b0")
    publish_by_hand(root, make_build(root, "b8"))
    for entry in log.read_entries(root):
        rewrite_time(root, entry.number, 20 - entry.number)
    collect(root, keep=0, older_than_days=0)
    assert stored_builds(root) == ["b0", "b8"]


def test_refused_abandoned_and_half_written(root):
    for name, days in (("refused-old", 8), ("refused-new", 6)):
        age(make_build(root, name, gate=REFUSED).path, days)
    age(make_build(root, "stopped-old").path, 8)
    make_build(root, "stopped-now")
    for name, days in (("half-old", 2), ("half-now", 0.5)):
        folder = root / "builds" / name
        folder.mkdir()
        (folder / "metrics.json").write_text("{}")
        age(folder, days)
    found = {item.build: item.why for item in collect(root, keep=8)}
    assert found == {
        "half-old": "half-written", "refused-old": "refused", "stopped-old": "never published"
    }  # fmt: skip


def test_a_build_being_published_is_never_young_enough(root):
    make_build(root, "now")
    assert "now" not in names(collect(root, keep=8, older_than_days=0))


def test_rollback_that_read_the_log_before_fails(root, monkeypatch):
    """The other order of the two commits is in ``test_rollback_first``."""
    from cfdist.builds import rollback as rolling

    real = rolling.verify

    def and_gc_runs(*args):
        build = real(*args)
        collect(root, keep=1, older_than_days=0)
        return build

    monkeypatch.setattr(rolling, "verify", and_gc_runs)
    with pytest.raises(ConflictError):
        rollback(root, "b0")
    monkeypatch.undo()
    with pytest.raises(BuildError, match="there is no build"):
        rollback(root, "b0")
    assert log.live_entry(root).build == "b7"


def test_rollback_first(root, monkeypatch):
    real = module._candidates

    def and_somebody_rolls_back(*args):
        found = list(real(*args))
        rollback(root, "b0")
        return iter(found)

    monkeypatch.setattr(module, "_candidates", and_somebody_rolls_back)
    with pytest.raises(ConflictError):
        collect(root, keep=1, older_than_days=0)
    assert len(stored_builds(root)) == 8
    load_build(root).check()


def test_declared_removed_but_not_yet_deleted(root):
    log.append(root, log.follow(log.live_entry(root), removed=("b0",)))
    with pytest.raises(BuildError, match="being deleted"):
        rollback(root, "b0")
    assert {i.build: i.why for i in collect(root, keep=8)} == {"b0": "left by a stopped gc"}


def test_a_publisher_comes_back_to_a_folder_that_looked_abandoned(root, monkeypatch):
    folder = root / "builds" / "slow"
    folder.mkdir()
    age(folder, 2)
    real = os.rename

    def finish_then_rename(source, target):
        if source == folder and not (folder / "manifest.json").exists():
            (folder / "manifest.json").write_text("{}")
        real(source, target)

    monkeypatch.setattr(module.os, "rename", finish_then_rename)
    assert collect(root, keep=8) == []
    assert (folder / "manifest.json").is_file()


def test_leftovers_of_a_killed_gc(root, monkeypatch):
    trash = root / "builds" / ".trash-b0-12345678"
    trash.mkdir()
    assert collect(root, keep=8) == []
    monkeypatch.setattr(module.time, "time", lambda: trash.stat().st_ctime + 2 * DAY)
    assert names(collect(root, keep=8)) == [trash.name]
    assert not trash.exists()


def test_many_collect_publish_and_roll_back_at_once(root):
    failures = []

    def publishes():
        for number in range(8, 20):
            try:
                publish_by_hand(root, make_build(root, f"b{number}"))
            except ConflictError:
                pass
            except Exception as error:
                failures.append(error)

    def collects():
        for _ in range(12):
            try:
                collect(root, keep=1, older_than_days=0)
            except ConflictError:
                pass
            except Exception as error:
                failures.append(error)

    def rolls_back():
        for number in range(12):
            try:
                rollback(root, f"b{number}") if number % 2 else unpin(root)
            except (ConflictError, BuildError):
                pass
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for work in (publishes, collects, rolls_back)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    entry = log.live_entry(root)
    verify(root, entry.build, entry.manifest_sha256).check()


steps = st.lists(
    st.one_of(
        st.just(("publish", 0)),
        st.tuples(st.sampled_from(["rollback", "unpin"]), st.integers(0, 9)),
        st.tuples(st.just("gc"), st.integers(1, 3)),
        st.just(("previous", 0)),
        st.just(("refuse", 0)),
        st.just(("wait", 2)),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_whatever_happens_the_live_build_is_there_and_whole(tmp_path_factory, taken):
    root = tmp_path_factory.mktemp("root")
    made = 0
    for word, number in taken:
        try:
            if word == "publish":
                publish_by_hand(root, make_build(root, f"b{made}"))
                made += 1
            elif word == "refuse":
                make_build(root, f"r{made}", gate=REFUSED, articles=[10, 20])
            elif word == "wait":
                for entry in log.read_entries(root):
                    rewrite_time(root, entry.number, number + 1 - entry.number / 1000)
            elif word == "gc":
                collect(root, keep=number, older_than_days=0)
            elif word == "previous":
                rollback(root)
            else:
                {"rollback": rollback, "unpin": unpin}[word](root, f"b{number}")
        except (BuildError, FileExistsError):
            pass
        entry = log.live_entry(root)
        if entry is not None:
            verify(root, entry.build, entry.manifest_sha256).check()
            assert load_build(root).id == entry.build
