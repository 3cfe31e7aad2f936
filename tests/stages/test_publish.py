import threading

import pytest
from conftest import quick_config
from running import open_context

from cfdist.builds import load_build, log
from cfdist.errors import ConfigError, ConflictError, DataError
from cfdist.pipeline import run_stages, train
from cfdist.stages import outputs
from cfdist.stages import publish as module
from cfdist.stages.publish import publish, require_writable


def test_lost_rows_stop_the_publication(tmp_path, monkeypatch):
    real = outputs.write_parquet

    def loses_a_row(folder, name, table):
        return real(folder, name, table.slice(1) if name.startswith("users.parquet") else table)

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
