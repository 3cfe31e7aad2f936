import threading
from pathlib import Path

import pytest
from conftest import quick_config
from running import open_context

from cfdist.builds import load_build, log
from cfdist.builds.rollback import rollback, unpin
from cfdist.errors import EXIT_REFUSED, ConfigError, ConflictError, DataError, GateError
from cfdist.pipeline import run_stages, train
from cfdist.stages import outputs
from cfdist.stages import publish as module
from cfdist.stages.publish import publish, require_writable


def test_lost_rows_stop_the_publication(tmp_path, monkeypatch):
    real = outputs.write_parquet

    def loses_a_row(folder, name, table, *others):
        kept = table.slice(1) if name.startswith("users.parquet") else table
        return real(folder, name, kept, *others)

    with open_context(tmp_path) as context:
        results = run_stages(context)
        monkeypatch.setattr(outputs, "write_parquet", loses_a_row)
        with pytest.raises(DataError, match="nothing was published"):
            publish(context, results)
    assert log.live_entry(tmp_path / "recommendations") is None


def test_somebody_else_commits_meanwhile(tmp_path, monkeypatch):
    root = tmp_path / "recommendations"
    first = train(quick_config(tmp_path))
    real = module._check_rows

    def another_commits(files, results):
        log.commit(root, first.id, "0" * 64, log.live_entry(root))
        real(files, results)

    monkeypatch.setattr(module, "_check_rows", another_commits)
    with pytest.raises(ConflictError, match="left out"):
        train(quick_config(tmp_path))
    assert [entry.build for entry in log.read_entries(root)] == [first.id, first.id]
    assert [folder.name for folder in (root / "builds").iterdir()] == [first.id]


def test_two_trainings_at_once_leave_one_serial_history(tmp_path):
    outcomes = []

    def run(number):
        try:
            outcomes.append(train(quick_config(tmp_path)).id)
        except ConflictError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    root = tmp_path / "recommendations"
    builds = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert builds
    assert sorted(entry.build for entry in log.read_entries(root)) == sorted(builds)
    load_build(root).check()


def test_output_that_cannot_be_written_is_found_first(tmp_path):
    (tmp_path / "taken").write_text("a file")
    config = quick_config(tmp_path, {"publish": {"root": str(tmp_path / "taken" / "root")}})
    with pytest.raises(ConfigError, match="cannot be written"):
        require_writable(config)
    with pytest.raises(ConfigError, match="mounted file system"):
        require_writable(quick_config(tmp_path, {"publish": {"root": "s3://bucket/root"}}))


def test_many_articles_publish_their_top_lists(tmp_path):
    build = train(quick_config(tmp_path, {"publish": {"max_similarity_articles": 100}}))
    names = {file.name for file in build.manifest.files}
    assert "item_similarity.npz" in names
    assert "item_similarity.npy" not in names


def test_matrix_is_left_out_when_not_wanted(tmp_path):
    build = train(quick_config(tmp_path, {"publish": {"user_item_matrix": False}}))
    assert not (build.path / "user_item_matrix.npz").exists()


def test_a_build_with_owned_articles_is_refused_kept_and_never_live(tmp_path, monkeypatch):
    root = tmp_path / "recommendations"
    monkeypatch.setattr(module, "count_owned", lambda lists, owned: 1)
    with pytest.raises(GateError, match="owned: 1 entries") as caught:
        train(quick_config(tmp_path))
    assert caught.value.exit_code == EXIT_REFUSED
    assert "--force" in caught.value.remedy
    assert log.live_entry(root) is None
    (folder,) = (root / "builds").iterdir()
    manifest = load_build(folder).manifest
    assert manifest.refused
    assert not manifest.forced
    assert [c["name"] for c in manifest.gate["checks"] if c["status"] == "stop"] == ["owned"]


def publish_with(folder, hold_out=None, force=False, given=None, run="run"):
    """Publish the sample's results, as the pipeline does."""
    with open_context(folder, given=given) as context:
        context.run_id = run
        results = run_stages(context)
        return publish(context, results, hold_out, force), context.notes


HOLD_OUT = {
    "metric": "recall@10", "mean": 0.05, "popular": 0.06,
    "difference": {"mean": -0.01, "low": -0.02, "high": -0.005, "n_users": 2000},
}  # fmt: skip


def test_force_publishes_what_was_refused_and_records_it(tmp_path):
    with pytest.raises(GateError, match=r"hold_out: recall@10 is 0\.05"):
        publish_with(tmp_path, HOLD_OUT)
    build, notes = publish_with(tmp_path, HOLD_OUT, force=True, run="forced")
    assert build.manifest.forced
    assert not build.manifest.refused
    assert build.manifest.hold_out == HOLD_OUT
    assert log.live_entry(tmp_path / "recommendations").forced
    assert any("published by force, hold_out" in note for note in notes)
    assert notes == build.manifest.notes


def test_force_without_need_is_not_recorded(tmp_path):
    build, _ = publish_with(tmp_path, force=True)
    assert build.manifest.gate["status"] == "passed"
    assert not log.live_entry(tmp_path / "recommendations").forced


def test_another_shop_is_refused_and_names_the_live_build(tmp_path):
    first, _ = publish_with(tmp_path, run="first")
    given = {"ingest": {"sample_percent": 30.0, "min_sample_users": 1}}
    with pytest.raises(GateError, match=r"users: .* against 3,000 in the live build") as caught:
        publish_with(tmp_path, given=given, run="second")
    assert "first stays live" in caught.value.message
    assert "cfdist builds diff first second" in caught.value.remedy
    assert load_build(tmp_path / "recommendations").id == first.id


def test_the_same_data_again_passes_with_everything_compared(tmp_path):
    publish_with(tmp_path, run="first")
    build, _ = publish_with(tmp_path, run="second")
    checks = {check["name"]: check for check in build.manifest.gate["checks"]}
    assert checks["overlap"]["value"] == 1.0
    assert checks["new_users"]["value"] == 0.0
    assert checks["owned"]["status"] == "pass"
    assert {c["status"] for c in checks.values()} <= {"pass", "warn", "skipped"}


def test_a_switched_off_gate_judges_nothing(tmp_path):
    build, _ = publish_with(tmp_path, HOLD_OUT, given={"gate": {"enabled": False}})
    assert build.manifest.gate == {"status": "off", "checks": [], "forced": False}


def test_a_damaged_live_build_does_not_bar_its_repair(tmp_path):
    first, _ = publish_with(tmp_path, run="first")
    for file in first.files_of("users"):
        Path(file).unlink()
    build, notes = publish_with(tmp_path, run="second")
    assert load_build(tmp_path / "recommendations").id == build.id
    assert any("cannot be read" in note for note in notes)


def test_behind_a_pin_a_build_waits(tmp_path):
    root = tmp_path / "recommendations"
    publish_with(tmp_path, run="first")
    rollback(root, "first")
    build, notes = publish_with(tmp_path, run="second")
    assert build.id == "second"
    assert load_build(root).id == "first"
    assert any("build second waits" in note for note in notes)
    unpin(root, "second")
    assert load_build(root).id == "second"


def test_a_rollback_during_a_publish_wins(tmp_path, monkeypatch):
    root = tmp_path / "recommendations"
    for run in ("first", "second"):
        publish_with(tmp_path, run=run)
    real = module.verify

    def and_somebody_rolls_back(*args):
        rollback(root)
        return real(*args)

    monkeypatch.setattr(module, "verify", and_somebody_rolls_back)
    with pytest.raises(ConflictError):
        publish_with(tmp_path, run="third")
    assert load_build(root).id == "first"
    assert not (root / "builds" / "third").exists()


def test_a_gc_during_a_publish_is_no_conflict(tmp_path, monkeypatch):
    root = tmp_path / "recommendations"
    publish_with(tmp_path, run="first")
    real = module.verify

    def and_gc_runs(*args):
        log.append(root, log.follow(log.live_entry(root), removed=("gone",)))
        return real(*args)

    monkeypatch.setattr(module, "verify", and_gc_runs)
    publish_with(tmp_path, run="second")
    assert load_build(root).id == "second"
