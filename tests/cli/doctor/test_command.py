import json
import socket

import pytest
from click.testing import CliRunner

from cfdist.cli import cli


@pytest.fixture
def look(tmp_path, monkeypatch):
    """`cfdist doctor --json`: exit code and findings."""
    monkeypatch.chdir(tmp_path)

    def run(*options):
        result = CliRunner().invoke(cli, ["doctor", "--json", *options])
        told = json.loads(result.stdout)
        return result.exit_code, {found["what"]: found for found in told}

    return run


def test_the_output_of_the_command_line_is_looked_at(look, tmp_path):
    (tmp_path / "file").write_text("")
    code, findings = look("--output", "file/root")
    assert code == 40
    assert "file/root" in findings["output"]["found"]


def test_an_address_is_no_folder(look):
    code, findings = look("--output", "s3://shop/out")
    assert code == 40
    assert "s3://shop/out" in findings["output"]["found"]
    assert "disk" not in findings


def test_settings_come_from_file_and_command_line(look, tmp_path):
    (tmp_path / "my.toml").write_text('[publish]\nroot = "from-file"\n')
    _, findings = look("--config", "my.toml")
    assert findings["output"]["found"].startswith("from-file")
    _, findings = look("--config", "my.toml", "--set", "publish.root=given")
    assert findings["output"]["found"].startswith("given")


def test_a_wrong_setting_is_one_typed_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["doctor", "--backend", "tpu", "--json"])
    assert result.exit_code == 40
    told = json.loads(result.stdout)
    assert told["error"] == "ConfigError"
    assert "cluster.backend" in told["message"]


def test_a_scheduler_that_does_not_answer(look):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
        code, findings = look("--cluster", address, "--set", "cluster.timeout_s=1")
    assert code == 40
    assert not findings["scheduler"]["is_fine"]
    assert "gpu" not in findings, "the GPUs are where the workers are"


def test_no_such_cluster(look):
    code, findings = look("--cluster", "moon")
    assert code == 40
    assert "moon" in findings["cluster"]["found"]


def test_tables_for_people(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["doctor", "--output", "file:///x"])
    assert result.exit_code == 40
    assert "what to do" in result.stdout
    assert "choose a folder with --output" in result.stdout
