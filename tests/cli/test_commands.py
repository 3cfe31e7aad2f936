"""The commands as a user types them, on the sample."""

import json
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from conftest import SAMPLE

from cfdist.cli import cli
from cfdist.runs.kernels import are_compiled


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A working folder with the sample as its input."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cfdist.toml").write_text(
        f'N_COMPONENTS = 12\n[ingest]\ninput = "{SAMPLE}"\n[cluster]\ndashboard = false\n'
    )
    return tmp_path


def run(*words: str):
    return CliRunner().invoke(cli, list(words), catch_exceptions=False)


def test_experiment_then_train_then_look(shop):
    first = run("experiment", "--json")
    assert first.exit_code == 0
    told = json.loads(first.stdout)
    assert told["metrics"]["n_components"] == 12
    assert told["build"] is None
    second = run("experiment", "--n-components", "6")
    assert "against the last run" in second.stdout
    assert "variance explained" in second.stdout

    trained = run("train")
    assert trained.exit_code == 0, trained.output
    assert "Published" in trained.stdout
    assert "factorize: done in" in trained.stderr

    user = json.loads(run("recommend", "--json", *some_ids("users", "user_id")).stdout)
    assert [row["rank"] for row in user] == list(range(1, 11))
    assert all(row["name"] for row in user)
    article = some_ids("articles", "article_id")
    assert "Bought together" in run("similar", *article).stdout
    only = json.loads(run("similar", *article, "--relation", "similar", "--json").stdout)
    assert {row["relation"] for row in only} == {"similar"}

    listed = json.loads(run("builds", "list", "--json").stdout)
    assert [row["live"] for row in listed] == [True]
    runs = json.loads(run("runs", "list", "--json").stdout)
    assert [row["command"] for row in runs] == ["experiment", "experiment", "train"]
    assert "Seconds per stage" in run("runs", "show", runs[0]["run"]).stdout
    assert run("runs", "list").exit_code == run("builds", "list").exit_code == 0


def some_ids(table: str, column: str) -> list[str]:
    from cfdist import load_build

    return [str(load_build().arrow(table)[column][3].as_py())]


def test_unknown_user_is_exit_30(shop):
    assert run("train").exit_code == 0
    result = run("recommend", "424242424242")
    assert result.exit_code == 30
    assert "424242424242" in result.stderr


def test_errors_are_json_when_asked(shop):
    result = run("recommend", "1", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == told["exit_code"] == 30
    assert told["error"] == "BuildError"
    assert "cfdist train" in told["remedy"]


def test_lists_of_nothing(shop):
    assert "no runs" in run("runs", "list").stdout
    assert "nothing is published" in run("builds", "list").stdout


def test_config_show_says_where_values_come_from(shop, monkeypatch):
    monkeypatch.setenv("CFDIST_RECOMMEND__METHOD", "latent")
    shown = json.loads(run("config", "show", "--origin", "--json", "--workers", "2").stdout)
    assert shown["factorize.n_components"] == {"value": 12, "origin": "cfdist.toml"}
    assert shown["recommend.method"] == {"value": "latent", "origin": "environment"}
    assert shown["cluster.workers"] == {"value": 2, "origin": "command line"}
    assert run("config", "show").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["experment"], 2, "experiment"),
        (["train", "--set", "nonsense"], 2, "SECTION.KEY=VALUE"),
        (["train", "--set", "factorize.n_component=3"], 40, "factorize.n_components"),
        (["train", "--config", "nowhere.toml"], 40, "nowhere.toml"),
        (["train", "--n-components", "0"], 40, "factorize.n_components"),
        (["train", "--cluster", "moon"], 40, "moon"),
        (["runs", "show", "nothing"], 30, "cfdist runs list"),
    ],
)
def test_wrong_usage(shop, words, code, said):
    result = run(*words)
    assert result.exit_code == code
    assert said in result.stderr


def test_doctor_is_content_here(shop):
    result = run("doctor", "--json")
    assert result.exit_code == 0, result.stdout
    assert {finding["what"] for finding in json.loads(result.stdout)} >= {"dask", "BLAS", "output"}


def test_doctor_leaves_compiled_kernels_and_no_run(shop):
    assert run("doctor", "--warm", "--json").exit_code == 0
    assert are_compiled()
    assert not list(shop.glob("data/recommendations/builds/*"))
    assert not json.loads(run("runs", "list", "--json").stdout)


def test_every_command_has_help():
    from cfdist.cli.group import COMMANDS, SUMMARIES

    assert list(COMMANDS) == list(SUMMARIES)
    for command in COMMANDS:
        result = run(command, "--help")
        assert result.exit_code == 0
        assert "Usage" in result.stdout
    assert "130" in run("--help").stdout


def test_dask_has_the_plug_in():
    done = subprocess.run(
        [sys.executable, "-m", "dask", "cf", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "experiment" in done.stdout


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_is_exit_130_and_publishes_nothing(shop, stop):
    program = [sys.executable, "-c", "from cfdist.cli import main; main()", "train"]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as running:
        for line in running.stderr:
            if line.startswith("ingest"):
                running.send_signal(stop)
                break
        told = running.stderr.read()
        assert running.wait(timeout=60) == 130
    assert "cancelled" in told
    assert not (shop / "data" / "recommendations" / "current").exists()
    assert json.loads(run("runs", "list", "--json").stdout)[0]["status"] == "cancelled"


def test_ids_and_paths_that_look_like_markup_or_options(shop):
    lines = [f"[/u{n % 4}],a{n % 7}" for n in range(40)]
    (shop / "odd.csv").write_text("user_id,article_id\n" + "\n".join(lines))
    result = run("train", "odd.csv", "--output", "out [x]")
    assert result.exit_code == 0, result.output
    assert "to out [x]/builds/" in result.stdout
    assert "--output 'out [x]'" in result.stdout
    assert "cfdist recommend '[/u" in result.stdout
