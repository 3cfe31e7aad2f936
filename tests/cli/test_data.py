"""``cfdist data``: options arrive, the lines name the files and the next command."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from cfdist.cli.data import data
from cfdist.datasets import demo as demo_module
from cfdist.datasets.demo import DemoFiles

SIZES = ["--users", "200", "--articles", "50", "--interactions", "1_000"]


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(data, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def three_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(folder: Path) -> DemoFiles:
        return DemoFiles(folder / "i.parquet", folder / "a.parquet", 1_469_307, 2_469, 68_509, 9)

    monkeypatch.setattr(demo_module, "write_demo", write)


def test_synthesize_writes_what_was_asked_for(tmp_path: Path) -> None:
    output = tmp_path / "shop.parquet"
    lines = run("synthesize", *SIZES, "--output", output).output.splitlines()
    assert lines == [
        "Wrote 1,000 interactions in 1 file",
        f"  {output}",
        f"  {tmp_path / 'articles.parquet'}",
        f"Next: cfdist experiment {output}",
    ]
    assert pq.read_metadata(output).num_rows == 1_000


def test_synthesize_as_json(tmp_path: Path) -> None:
    output = tmp_path / "parts"
    printed = json.loads(run("synthesize", *SIZES, "--output", output, "--json").stdout)
    assert printed == {
        "path": str(output),
        "rows": 1_000,
        "files": [str(output / "part-00000.parquet")],
        "articles": str(tmp_path / "articles.parquet"),
    }


def test_the_seed_arrives(tmp_path: Path) -> None:
    for seed in (1, 2):
        run("synthesize", *SIZES, "--seed", seed, "--output", tmp_path / f"{seed}.parquet")
    first, second = (pq.read_table(tmp_path / f"{seed}.parquet") for seed in (1, 2))
    assert not first.equals(second)


@pytest.mark.parametrize("option", ["--users", "--articles", "--interactions"])
def test_a_size_below_one_is_a_usage_error(option: str) -> None:
    result = CliRunner().invoke(data, ["synthesize", option, "0"])
    assert result.exit_code == 2
    assert f"'{option}': 0 is not in the range x>=1" in result.output


@pytest.mark.usefixtures("three_rows")
def test_demo_names_the_files_and_the_next_command(tmp_path: Path) -> None:
    lines = run("demo", "--output", tmp_path).output.splitlines()
    assert lines == [
        "Wrote 1,469,307 interactions: 2,469 users, 68,509 articles, 9 baskets",
        f"  {tmp_path / 'i.parquet'}",
        f"  {tmp_path / 'a.parquet'}",
        f"Next: cfdist train {tmp_path / 'i.parquet'}",
    ]


@pytest.mark.usefixtures("three_rows")
def test_demo_as_json(tmp_path: Path) -> None:
    printed = json.loads(run("demo", "--output", tmp_path, "--json").stdout)
    assert printed["interactions"] == str(tmp_path / "i.parquet")
    assert printed["rows"] == 1_469_307


@pytest.mark.parametrize("command", [[], ["demo"], ["synthesize"]])
def test_help_shows_examples(command: list[str]) -> None:
    lines = run(*command, "--help").output.splitlines()
    examples = lines[lines.index("  Examples:") + 1 :]
    assert examples[0].startswith("    cfdist data ")
