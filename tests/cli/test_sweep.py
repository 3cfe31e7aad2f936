"""``cfdist sweep`` and ``cfdist runs compare`` as a user types them, on the sample."""

import json
import shlex
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from conftest import SAMPLE

from cfdist.cli import cli

pytest.importorskip("optuna")

SPACE = """
[recommend]
method = {choices = ["latent", "item_neighbors"]}
[recommend.latent]
article_scaling = {low = 0.0, high = 1.0}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A working folder with the sample as its input, and a space."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cfdist.toml").write_text(
        f'N_COMPONENTS = 12\n[ingest]\ninput = "{SAMPLE}"\n[cluster]\ndashboard = false\n'
        '[recommend]\nmethod = "latent"\n'
    )
    (tmp_path / "space.toml").write_text(SPACE)
    return tmp_path


def run(*words: str):
    return CliRunner().invoke(cli, list(words), catch_exceptions=False)


def test_sweep_then_go_on_then_compare(shop):
    first = run("sweep", "space.toml", "--trials", "2", "--metric", "recall@5")
    assert first.exit_code == 0, first.output
    assert "Best 2 of 2 trials" in first.stdout
    assert "0 (defaults)" in first.stdout
    assert "trial 1: recall@5 0." in first.stderr
    assert "; best 0." in first.stderr
    assert "go on with" not in first.stderr
    started = json.loads(run("runs", "list", "--json").stdout)[0]
    assert (started["command"], started["status"]) == ("sweep", "done")
    folder = shop / "data" / "runs" / started["run"]
    assert (folder / "report.html").is_file()

    # Without SPACE the stored one is taken; the other settings must be the same.
    words = ("sweep", "--resume", started["run"][:12], "--trials", "3", "--json")
    refused = run(*words)
    assert refused.exit_code == 40
    assert "recall@5" in json.loads(refused.stdout)["message"]
    more = run(*words, "--metric", "recall@5")
    assert more.exit_code == 0, more.output
    result = json.loads(more.stdout)
    assert result["run"] == started["run"]
    assert len(result["trials"]) == 3
    assert result == json.loads((folder / "evaluation.json").read_text())
    assert len(json.loads(run("runs", "list", "--json").stdout)) == 1

    best = result["best"]
    typed = [word for option in best["options"] for word in shlex.split(option)]
    used = json.loads(run("config", "show", "--json", *typed).stdout)
    assert {key: used[key] for key in best["settings"]} == best["settings"]

    assert run("sweep", "space.toml", "--trials", "1", "--metric", "recall@5").exit_code == 0
    compared = json.loads(run("runs", "compare", "previous", "last", "--json").stdout)
    assert compared["settings"] == []
    assert compared["evaluation"]["paired"]
    rows = {row["name"]: row for row in compared["evaluation"]["candidates"]}
    assert rows["popular"]["difference"]["mean"] == 0
    assert rows["defaults"]["difference"]["mean"] == 0
    shown = run("runs", "compare", "previous", "last")
    assert shown.exit_code == 0
    assert "The settings are the same" in shown.stdout
    assert "paired differences" in shown.stdout


def test_nothing_better_than_the_defaults(shop):
    (shop / "space.toml").write_text('[recommend]\nmethod = {choices = ["popular"]}\n')
    result = run("sweep", "space.toml", "--trials", "2")
    assert result.exit_code == 0, result.output
    assert "Nothing measured better" in result.stdout


def test_a_sweep_whose_time_is_over_says_how_to_go_on(shop):
    result = run("sweep", "space.toml", "--timeout", "0", "--set", "matrix.weighting=none")
    assert result.exit_code == 0, result.output
    command = result.stderr.split("go on with:  ")[1].strip()
    assert command.startswith("cfdist sweep space.toml --set matrix.weighting=none --trials 30")
    again = run(*shlex.split(command)[1:], "--trials", "1")
    assert again.exit_code == 0, again.output
    assert "Best 1 of 1 trials" in again.stdout


def test_ctrl_c_keeps_what_is_done(shop):
    words = ["sweep", "space.toml", "--trials", "500"]
    program = [sys.executable, "-c", "from cfdist.cli import main; main()", *words]
    with subprocess.Popen(
        program, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        for line in running.stderr:
            if line.startswith("trial 1"):
                running.send_signal(signal.SIGINT)
                break
        told = running.stderr.read()
        shown = running.stdout.read()
        assert running.wait(timeout=60) == 130
    assert "stopped: 2 of 500" in told or "stopped: 3 of 500" in told
    assert "Traceback" not in told
    command = told.split("go on with:  ")[1].strip()
    record = json.loads(run("runs", "list", "--json").stdout)[0]
    assert record["status"] == "cancelled"
    assert command == f"cfdist sweep space.toml --trials 500 --resume {record['run']}"
    assert "(defaults)" in shown
    more = run("sweep", "--resume", record["run"], "--trials", "4", "--json")
    assert len(json.loads(more.stdout)["trials"]) == 4


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["sweep"], 2, "SPACE"),
        (["sweep", "space.toml", "--trials", "0"], 2, "--trials"),
        (["sweep", "nowhere.toml"], 40, "nowhere.toml"),
        (["sweep", "space.toml", "--set", "recommend.method=popular"], 0, ""),
        (["sweep", "--resume", "never"], 30, "never"),
        (["sweep", "--resume", "2026"], 30, "no sweep to go on with"),
        (["runs", "compare", "last", "previous"], 30, "no previous run"),
        (["runs", "compare", "last", "never"], 30, "never"),
    ],
)
def test_wrong_usage(shop, words, code, said):
    folder = shop / "data" / "runs" / "20260101T000000Z-aa"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text('{"run": "20260101T000000Z-aa", "command": "train"}')
    result = run(*words, *(["--trials", "1"] if code == 0 else []))
    assert result.exit_code == code, result.output
    assert said in result.stderr
