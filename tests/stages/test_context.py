import numpy as np
import pytest
from running import open_context

from cfdist.errors import DataError
from cfdist.stages.checkpoint import Checkpoints, Stored, map_value
from cfdist.stages.context import Artifact
from cfdist.stages.progress import Silence


class Tally(Silence):
    def __init__(self):
        self.told = []

    def start(self, stage):
        self.told.append(("start", stage))

    def advance(self, stage):
        self.told.append(("advance", stage))

    def finish(self, stage, seconds, resumed):
        self.told.append(("finish", stage, resumed))


def double(value):
    return 2 * value


def fail(value):
    raise DataError(f"row {value}", remedy="mend it")


def test_tasks_are_named_after_their_stage(tmp_path):
    with open_context(tmp_path) as context, context.stage("matrix") as stage:
        future = stage.submit(double, 2, label="sum")
        assert stage.result(future) == 4
        assert future.key.startswith("matrix-sum-")


def test_progress_and_seconds(tmp_path):
    with open_context(tmp_path) as context:
        context.progress = Tally()
        with context.stage("index") as stage:
            stage.wait([stage.submit(double, n, label="n") for n in range(3)])
        assert context.progress.told.count(("advance", "index")) == 3
        assert context.progress.told[-1] == ("finish", "index", False)
        assert context.seconds["index"] > 0


def test_a_tasks_own_error_arrives_whole(tmp_path):
    with open_context(tmp_path) as context, context.stage("matrix") as stage:
        with pytest.raises(DataError, match="row 7") as error:
            stage.result(stage.submit(fail, 7, label="fail", retries=0))
        assert error.value.remedy == "mend it"


def test_a_complete_stage_is_resumed_and_read_on_demand(tmp_path):
    with open_context(tmp_path, keep=True) as context:
        with context.stage("index", 1) as stage:
            assert stage.resume(Artifact) is None
            parts = [stage.submit(double, n, part="numbers") for n in (1, 2)]
            stage.wait(parts)
            stage.complete(Artifact, {"n": 2}, numbers=parts)
        with context.stage("index", 1) as stage:
            found = stage.resume(Artifact)
            assert found.meta == {"n": 2, "notes": []}
            assert [int(f.result()) for f in found.parts["numbers"]] == [2, 4]
            assert int(found.parts["numbers"][-1].result()) == 4
            assert len(found.parts["numbers"][0:1]) == 1
        with context.stage("index", 2) as stage:
            assert stage.resume(Artifact) is None
        assert context.resumed == ["index"]


def test_notes_are_told_once(tmp_path):
    with open_context(tmp_path) as context:
        context.note("a")
        context.note("a")
        assert context.notes == ["a"]


def test_out_of_core_a_part_is_a_file_and_a_task_is_handed_its_value(tmp_path):
    with open_context(tmp_path) as context:
        context.checkpoints = Checkpoints(tmp_path / "checkpoints", "run")
        context.out_of_core = True
        with context.stage("matrix", "anything") as stage:
            part = stage.submit(np.arange, 5, part="blocks")
            total = stage.submit(np.sum, part, label="sum")
            assert stage.result(total) == 10
            stored = part.result()
    assert isinstance(stored, Stored)
    assert map_value(stored.path).tolist() == [0, 1, 2, 3, 4]
