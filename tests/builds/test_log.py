import json
import multiprocessing
import threading

import pytest

from cfdist.builds import log
from cfdist.errors import BuildError, ConflictError

ROUNDS = 300


def test_first_commit_is_live(tmp_path):
    assert log.live_entry(tmp_path) is None
    entry = log.commit(tmp_path, "one", "0" * 64, None)
    assert log.live_entry(tmp_path) == entry
    assert (tmp_path / "_log" / "00000000000000000001.json").is_file()


def test_second_commit_needs_to_know_the_first(tmp_path):
    first = log.commit(tmp_path, "one", "0" * 64, None)
    with pytest.raises(ConflictError, match="one"):
        log.commit(tmp_path, "two", "0" * 64, None)
    log.commit(tmp_path, "two", "0" * 64, first)
    assert [entry.build for entry in log.read_entries(tmp_path)] == ["one", "two"]


def test_leftovers_and_strangers_are_ignored(tmp_path):
    log.commit(tmp_path, "one", "0" * 64, None)
    (tmp_path / "_log" / ".half.tmp").write_text("{")
    (tmp_path / "_log" / "notes.json").write_text("{}")
    assert len(log.read_entries(tmp_path)) == 1


@pytest.mark.parametrize("name", ["", "..", "a/b", "a" * 65, "é", "a b"])
def test_names_cannot_leave_the_root(tmp_path, name):
    with pytest.raises(BuildError):
        log.build_folder(tmp_path, name)
    with pytest.raises(BuildError):
        log.commit(tmp_path, name, "0" * 64, None)


def test_damaged_entry_is_named(tmp_path):
    log.commit(tmp_path, "one", "0" * 64, None)
    (tmp_path / "_log" / "00000000000000000002.json").write_text("{")
    with pytest.raises(BuildError, match="00000000000000000002"):
        log.live_entry(tmp_path)


def publish_rounds(root, name, barrier, outcomes):
    """One of two processes that commit at the same moment, round after round."""
    won = 0
    for number in range(ROUNDS):
        before = log.live_entry(root)
        barrier.wait()
        try:
            log.commit(root, f"{name}-{number}", "0" * 64, before)
            won += 1
        except ConflictError:
            pass
        barrier.wait()
    outcomes.put((name, won))


def test_two_publishers_at_once_one_wins_each_round(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier, outcomes = context.Barrier(2), context.Queue()
    writers = [
        context.Process(target=publish_rounds, args=(tmp_path, name, barrier, outcomes))
        for name in ("left", "right")
    ]
    for writer in writers:
        writer.start()
    won = dict(outcomes.get(timeout=120) for _ in writers)
    for writer in writers:
        writer.join(timeout=60)
    entries = log.read_entries(tmp_path)
    assert sum(won.values()) == ROUNDS == len(entries)
    assert [entry.number for entry in entries] == list(range(1, ROUNDS + 1))
    assert [int(entry.build.split("-")[1]) for entry in entries] == list(range(ROUNDS))
    for name, number in won.items():
        assert number == sum(entry.build.startswith(name) for entry in entries)


def test_links_follow_the_highest_entry(tmp_path):
    for name in ("one", "two"):
        folder = log.build_folder(tmp_path, name)
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps(name))
    first = log.commit(tmp_path, "one", "0" * 64, None)
    log.refresh_links(tmp_path)
    log.commit(tmp_path, "two", "0" * 64, first)
    log.refresh_links(tmp_path)  # a late publisher of the old build
    assert json.loads((tmp_path / "metrics.json").read_text()) == "two"
    assert json.loads((tmp_path / "current" / "metrics.json").read_text()) == "two"


def test_links_leave_a_users_own_file_alone(tmp_path):
    folder = log.build_folder(tmp_path, "one")
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text("1")
    (tmp_path / "metrics.json").write_text("mine")
    log.commit(tmp_path, "one", "0" * 64, None)
    hidden = log.refresh_links(tmp_path)
    assert hidden == ["metrics.json"]
    assert (tmp_path / "metrics.json").read_text() == "mine"


def test_links_to_files_that_are_gone_are_removed(tmp_path):
    first = None
    for name, file in (("one", "a.npy"), ("two", "a.npz")):
        folder = log.build_folder(tmp_path, name)
        folder.mkdir(parents=True)
        (folder / file).write_text("x")
        first = log.commit(tmp_path, name, "0" * 64, first)
        log.refresh_links(tmp_path)
    assert not (tmp_path / "a.npy").is_symlink()
    assert (tmp_path / "a.npz").exists()


def test_links_from_many_threads_never_vanish(tmp_path):
    folder = log.build_folder(tmp_path, "one")
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text("1")
    log.commit(tmp_path, "one", "0" * 64, None)
    log.refresh_links(tmp_path)
    threads = [threading.Thread(target=log.refresh_links, args=(tmp_path,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert (tmp_path / "current" / "metrics.json").read_text() == "1"
    for thread in threads:
        thread.join()
