import pytest

from cfdist.errors import DataError
from cfdist.runs.record import RunRecord, last_like, list_runs, new_run_id, read_run


def record(runs, run, command="experiment", status="done", source="a"):
    made = RunRecord(run, command, status, settings={"ingest": {"input": source}})
    made.write(runs)
    return made


def test_records_come_back_in_order(tmp_path):
    made = [record(tmp_path, name) for name in ("20260101T000000Z-aa", "20260102T000000Z-bb")]
    (tmp_path / "checkpoints").mkdir()
    assert list_runs(tmp_path) == made
    assert read_run(tmp_path, "20260102") == made[1]


def test_unknown_and_ambiguous_runs(tmp_path):
    record(tmp_path, "20260101T000000Z-aa")
    record(tmp_path, "20260101T000001Z-bb")
    with pytest.raises(DataError, match="no run '2025'"):
        read_run(tmp_path, "2025")
    with pytest.raises(DataError, match="2 runs start so"):
        read_run(tmp_path, "2026")


def test_comparison_is_with_the_same_kind_of_run_on_the_same_input(tmp_path):
    wanted = record(tmp_path, "20260101T000000Z-aa")
    record(tmp_path, "20260102T000000Z-bb", status="failed")
    record(tmp_path, "20260103T000000Z-cc", command="train", status="published")
    record(tmp_path, "20260104T000000Z-dd", source="b")
    newest = record(tmp_path, "20260105T000000Z-ee")
    assert last_like(tmp_path, newest) == wanted
    assert last_like(tmp_path, wanted) is None


def test_what_is_no_record_is_passed_over(tmp_path):
    good = record(tmp_path, "20260101T000000Z-aa")
    for name, content in (("20260102T000000Z-bb", "{"), ("20260103T000000Z-cc", "[]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(content)
    newer = (tmp_path / good.run / "run.json").read_text().replace("{", '{"new": 1, ', 1)
    (tmp_path / good.run / "run.json").write_text(newer)
    assert list_runs(tmp_path) == [good]
    with pytest.raises(DataError, match="cannot be read"):
        read_run(tmp_path, "20260102")


def test_no_runs_yet(tmp_path):
    assert list_runs(tmp_path / "nowhere") == []


def test_ids_sort_by_time_and_differ():
    ids = [new_run_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert [i[:19] for i in ids] == sorted(i[:19] for i in ids)
