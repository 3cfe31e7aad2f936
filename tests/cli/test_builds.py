"""``cfdist builds`` as a user types it, over builds made by hand."""

import json

import pytest
from build_folders import make_build, publish_by_hand, rewrite_time
from click.testing import CliRunner

from cfdist.builds import load_build
from cfdist.cli import cli

REFUSED = {"status": "refused", "forced": False, "checks": []}


def run(*words: str):
    return CliRunner().invoke(cli, ["builds", *words], catch_exceptions=False)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A working folder with two builds and a refused one."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "data" / "recommendations"
    publish_by_hand(root, make_build(root, "2026a", {1: [10, 20], 2: [20, 10]}))
    forced = {"status": "refused", "forced": True, "checks": []}
    publish_by_hand(root, make_build(root, "2026b", {1: [20, 30], 3: [10, 20]}, gate=forced))
    make_build(root, "2026c", {1: [30, 40]}, gate=REFUSED)
    return root


def states(*words):
    rows = json.loads(run("list", "--json", *words).stdout)
    marks = ("live", "pinned", "waiting", "forced", "refused")
    return {row["build"]: [mark for mark in marks if row[mark]] for row in rows}


def test_list(shop):
    assert states() == {"2026a": [], "2026b": ["live", "forced"], "2026c": ["refused"]}
    told = run("list")
    assert told.exit_code == 0
    assert "live, forced" in told.stdout
    assert "refused" in told.stdout


def test_list_names_what_cannot_be_read(shop):
    (shop / "builds" / "2026a" / "manifest.json").unlink()
    assert "manifest.json is missing" in run("list", "--json").stdout
    assert "missing" in run("list").stdout


def test_list_of_nothing(tmp_path):
    assert "cfdist train" in run("list", "--output", str(tmp_path)).stdout
    assert run("list", "--output", str(tmp_path), "--json").stdout == "[]\n"


def test_diff(shop):
    found = json.loads(run("diff", "previous", "live", "--json").stdout)
    assert (found["a"], found["b"], found["overlap"]) == ("2026a", "2026b", 0.5)
    told = run("diff", "2026a", "2026c").stdout
    assert "0 gained, 1 lost" in told
    assert "overlap@10" in told
    assert "name of 40" in told
    assert run("diff", "live", "2026c").exit_code == 0


def test_diff_of_what_is_not_there(shop):
    told = run("diff", "live", "2026")
    assert told.exit_code == 30
    assert "3 builds start so" in told.stderr
    assert run("diff", "live").exit_code == 2


def test_rollback_then_train_waits_then_unpin(shop):
    told = run("rollback")
    assert told.exit_code == 0
    assert "2026a is live and pinned" in told.stdout
    assert "cfdist builds unpin" in told.stdout
    publish_by_hand(shop, make_build(shop, "2026d"))
    assert states()["2026d"] == ["waiting"]
    assert states()["2026a"] == ["live", "pinned"]
    told = run("unpin")
    assert "2026a is live" in told.stdout
    assert "cfdist builds unpin 2026d" in told.stdout
    run("unpin", "2026d")
    assert load_build(shop).id == "2026d"


def test_rollback_in_another_root_and_as_json(shop):
    entry = json.loads(run("rollback", "2026a", "--output", str(shop), "--json").stdout)
    assert (entry["build"], entry["pinned"]) == ("2026a", True)
    told = run("rollback", "2026b", "--output", str(shop)).stdout
    assert f"cfdist builds unpin --output {shop}" in told


@pytest.mark.parametrize("name", ["2026c", "nothing"])
def test_rollback_to_what_was_never_published(shop, name):
    told = run("rollback", name)
    assert told.exit_code == 30
    assert "→" in told.stderr
    assert load_build(shop).id == "2026b"


def test_gc(shop):
    for number in (1, 2):
        rewrite_time(shop, number, 20 - number)
    planned = json.loads(run("gc", "--keep", "1", "--dry-run", "--json").stdout)
    assert [item["build"] for item in planned["removed"]] == ["2026a"]
    assert planned["dry_run"]
    assert "would be deleted" in run("gc", "--keep", "1", "--dry-run").stdout
    told = run("gc", "--keep", "1").stdout
    assert "2026a  old" in told
    assert f"{planned['bytes']:,} bytes deleted" in told
    assert "nothing to delete" in run("gc", "--keep", "1").stdout
    assert "2026a" not in states()


@pytest.mark.parametrize("command", ["list", "diff", "rollback", "unpin", "gc"])
def test_every_command_has_examples(command):
    told = run(command, "--help")
    assert told.exit_code == 0
    assert f"cfdist builds {command}" in told.stdout
