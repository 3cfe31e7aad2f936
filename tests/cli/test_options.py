import click
import pytest
from click.testing import CliRunner

from cfdist.cli.options import load_config, with_config, with_options


@click.command()
@with_config
def all_of_them(config_file, settings, **options):
    config, given = load_config(config_file, settings, options)
    click.echo(f"{config.cluster.backend} {config.cluster.gpus!r} {given}")


@click.command()
@click.option("--gpus", type=int, default=0)
@with_config
def with_its_own(gpus, config_file, settings, **options):
    assert "cluster__gpus" not in options
    click.echo(f"{gpus}")


@click.command()
@with_options("--backend")
def only_one(config_file, settings, **options):
    click.echo(" ".join(options))


def run(command, *words):
    result = CliRunner().invoke(command, words)
    assert result.exit_code == 0, result.output
    return result.output.strip()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_backend_and_gpus_are_settings():
    assert run(all_of_them) == "cpu '' {}"
    told = run(all_of_them, "--backend", "gpu", "--gpus", "0,1")
    assert told == "gpu '0,1' {'cluster': {'backend': 'gpu', 'gpus': '0,1'}}"


def test_a_number_alone_names_a_gpu():
    assert run(all_of_them, "--gpus", "1").startswith("cpu '1'")


def test_an_option_of_the_command_itself_goes_before():
    assert run(with_its_own, "--gpus", "4") == "4"


def test_only_the_options_that_are_asked_for():
    assert run(only_one) == "cluster__backend"
    assert CliRunner().invoke(only_one, ["--gpus", "1"]).exit_code == 2
