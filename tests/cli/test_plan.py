"""``cfdist plan`` as a user types it, on the sample."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import SAMPLE

from cfdist.cli import cli
from cfdist.cli.plan import sentences
from cfdist.planning import Given, plan_for, rates


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working folder, and a short look at the machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rates, "BUDGET_S", 0.01)
    return tmp_path


def run(*words: str):
    return CliRunner().invoke(cli, ["plan", *words], catch_exceptions=False)


def test_a_table_and_the_whole_in_words(folder):
    told = run(str(SAMPLE))
    assert told.exit_code == 0, told.output
    for word in ("ingest", "neighbors", "publish", "3,000", "peak of a worker", "About"):
        assert word in told.stdout
    assert list(folder.iterdir()) == []  # nothing is written


def test_json_has_every_stage_and_its_terms():
    told = json.loads(run(str(SAMPLE), "--json").stdout)
    assert told["fits"]
    assert told["refusal"] is None
    assert told["rows_read"] == "all"
    assert told["stages"][0]["stage"] == "ingest"
    assert told["sizes"]["users"] == 3000
    assert told["svd"] == {"method": "gram", "passes": 1}


def test_a_described_cluster():
    words = (
        "--workers",
        "8",
        "--threads",
        "4",
        "--memory",
        "64GB",
        "--gpus",
        "1",
        "--gpu-memory",
        "80GB",
    )
    told = run(str(SAMPLE), *words)
    assert "8 workers of 4 threads" in told.stdout
    assert "which fits into 56.00 GB: cluster.device_memory_limit, of 80.00 GB" in told.stdout
    machine = json.loads(run(str(SAMPLE), *words, "--json").stdout)["machine"]
    assert (machine["workers"], machine["threads"], machine["memory_bytes"]) == (8, 4, 64 * 10**9)


def test_gpus_that_compute_have_bytes_and_no_seconds():
    words = (
        str(SAMPLE), "--backend", "gpu", "--gpus", "4", "--gpu-memory", "80GB",
        "--memory", "64GB",
    )  # fmt: skip
    told = run(*words)
    assert told.exit_code == 0, told.output
    assert "Each of 4 GPUs" in told.stdout
    assert "Seconds on GPUs are not measured" in told.stdout
    assert "About" not in told.stdout
    as_json = json.loads(run(*words, "--json").stdout)
    assert (as_json["backend"], as_json["device"]["gpus"]) == ("gpu", 4)
    assert as_json["seconds"] is None


def test_a_gpu_that_is_too_small_is_refused():
    words = (str(SAMPLE), "--backend", "gpu", "--gpus", "1", "--gpu-memory", "20MB")
    told = run(*words)
    assert told.exit_code == 40
    assert "of the GPU, and" in told.stderr
    assert "cluster.device_memory_limit" in told.stderr
    assert "GPUs with" in told.stderr
    as_json = run(*words, "--json")
    assert as_json.exit_code == 40
    assert json.loads(as_json.stdout)["device"]["fits"] is False


def test_a_worker_below_the_least_is_refused_as_train_does():
    told = run(str(SAMPLE), "--memory-limit", "600MB")
    assert told.exit_code == 40
    assert "--memory-limit = 600MB is less than a worker needs, 1GB" in told.stderr


def test_what_does_not_fit_is_refused_with_a_remedy(monkeypatch):
    monkeypatch.setattr("cfdist.planning.machine.MIN_WORKER_BYTES", 0)
    told = run(str(SAMPLE), "--memory", "300MB")
    assert told.exit_code == 40
    assert "can be used" in told.stderr
    assert "GB each" in told.stderr
    assert "publish" in told.stdout  # the plan is shown all the same
    as_json = run(str(SAMPLE), "--memory", "300MB", "--json")
    assert as_json.exit_code == 40
    refused = json.loads(as_json.stdout)
    assert not refused["fits"]
    assert "can be used" in refused["refusal"]["message"]
    assert "GB each" in refused["refusal"]["remedy"]  # also where no other change helps


def test_settings_are_those_of_train(folder):
    (folder / "cfdist.toml").write_text(f'[ingest]\ninput = "{SAMPLE}"\n')
    one, two = (
        json.loads(run("--json", "--n-components", n, "--set", "gate.hold_out=false").stdout)
        for n in ("10", "100")
    )
    assert "hold_out" not in [stage["stage"] for stage in one["stages"]]
    assert two["output_bytes"] > one["output_bytes"]


def test_auto_is_what_a_training_would_take(folder, monkeypatch):
    """Without similar users `auto` is refused, unless another method was decided on."""
    without = (str(SAMPLE), "--n-similar-users", "0")
    assert run(*without).exit_code == 40
    from cfdist.evaluation import auto

    taken = lambda config: auto._with_method(config, "item_neighbors")  # noqa: E731
    monkeypatch.setattr(auto, "resolved", lambda config: (taken(config), "decided"))
    assert run(*without).exit_code == 0


def test_errors_of_the_input(folder):
    assert run("nothing.parquet").exit_code == 30
    (folder / "text.parquet").write_text("no parquet")
    assert run("text.parquet").exit_code == 30
    pq.write_table(
        pa.table({"user_id": pa.array([], pa.int64()), "article_id": pa.array([], pa.int64())}),
        "empty.parquet",
    )
    told = run("empty.parquet")
    assert (told.exit_code, "there are no rows" in told.stderr) == (30, True)
    pq.write_table(pa.table({"who": [1], "what": [2]}), "other.parquet")
    told = run("other.parquet")
    assert (told.exit_code, "there is no column 'user_id'" in told.stderr) == (30, True)
    assert run(str(SAMPLE), "--memory", "much").exit_code == 40
    assert run(str(SAMPLE), "--threads", "0").exit_code == 2


def test_a_csv_is_planned_too(folder):
    (folder / "rows.csv").write_text(
        "user_id,article_id\n" + "".join(f"u{n % 50},a{n % 7}\n" for n in range(400))
    )
    told = json.loads(run("rows.csv", "--json").stdout)
    assert (told["sizes"]["users"], told["sizes"]["articles"]) == (50, 7)


def test_what_was_not_read_is_said(folder, monkeypatch):
    from cfdist.planning import sizes

    monkeypatch.setattr(sizes, "MAX_ROWS", 10)
    for number in range(4):
        pq.write_table(
            pa.table({"user_id": [1, 2, 3], "article_id": [number, 5, 6]}), f"{number}.parquet"
        )
    assert "of about 12 rows were read" in run(".").stdout


def test_sentences_about_what_somebody_asked(tmp_path):
    from conftest import quick_config

    planned = plan_for(quick_config(tmp_path), Given(), quick=True)
    words = " ".join(sentences(planned))
    assert "GPU" not in words
    assert "1 worker of" in words
