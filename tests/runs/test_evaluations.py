import json

import pytest

from cfdist.evaluation import report
from cfdist.runs.evaluations import FILE, last_evaluation, read_evaluation, store_evaluation

ABOUT = {"input": "a.parquet", "metric": "recall", "k": 10, "articles": "new"}


def put(runs, run: str, content) -> None:
    (runs / run).mkdir(parents=True)
    (runs / run / FILE).write_text(content if isinstance(content, str) else json.dumps(content))


def test_the_newest_earlier_one_of_the_same_question(tmp_path):
    put(tmp_path, "1", ABOUT | {"run": "1"})
    put(tmp_path, "2", ABOUT | {"run": "2"})
    put(tmp_path, "3", ABOUT | {"metric": "ndcg"})
    put(tmp_path, "4", "{")
    put(tmp_path, "5", ABOUT)
    put(tmp_path, "6", ABOUT | {"run": "6"})
    assert last_evaluation(tmp_path, "5", ABOUT)["run"] == "2"
    assert last_evaluation(tmp_path, "1", ABOUT) is None
    assert last_evaluation(tmp_path, "9", ABOUT | {"articles": "all"}) is None
    assert last_evaluation(tmp_path / "none", "9", ABOUT) is None


def test_a_run_without_an_evaluation_has_none(tmp_path):
    put(tmp_path, "bad", "no JSON")
    assert read_evaluation(tmp_path, "bad") is None
    assert read_evaluation(tmp_path, "none") is None


@pytest.mark.parametrize("with_ids", [False, True])
def test_document_and_report_lie_beside_the_record(tmp_path, monkeypatch, with_ids):
    asked = {}

    def render(result, *, last, with_ids):
        asked.update(result=result, last=last, with_ids=with_ids)
        return "<p>é</p>"

    monkeypatch.setattr(report, "render", render)
    put(tmp_path, "1", ABOUT | {"run": "1"})
    (tmp_path / "2").mkdir()
    path = store_evaluation(tmp_path, "2", ABOUT | {"run": "2"}, with_ids=with_ids)
    assert path == tmp_path / "2" / "report.html"
    assert path.read_text(encoding="utf-8") == "<p>é</p>"
    assert read_evaluation(tmp_path, "2") == ABOUT | {"run": "2"}
    assert asked == {
        "result": ABOUT | {"run": "2"}, "last": ABOUT | {"run": "1"}, "with_ids": with_ids,
    }  # fmt: skip
