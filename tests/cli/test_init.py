"""``cfdist init``: from a table of anyone's to a settings file that the other commands read."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from conftest import ROOT, SAMPLE
from input_files import csv

from cfdist.cli import cli
from cfdist.config import Config
from cfdist.errors import EXIT_CONFIG, EXIT_DATA
from cfdist.input.examine import Report, examine

DATA = ROOT.parent / "shared" / "data"
TOML = Path("cfdist.toml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["init", *map(str, words)], catch_exceptions=False)


def init(*words: object) -> Config:
    """The settings that the command wrote."""
    result = run(*words)
    assert result.exit_code == 0, result.output
    return Config.load(TOML)


def told(*words: object) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def real(name: str) -> Path:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{path} is missing")
    return path


def test_online_retail() -> None:
    path = real("online_retail.parquet")
    result = run(path)
    assert result.exit_code == 0, result.output
    ingest = Config.load(TOML).ingest
    assert ingest.input == str(path)
    assert ingest.columns.model_dump() == {
        "user_id": "CustomerID",
        "article_id": "StockCode",
        "basket_id": "InvoiceNo",
        "quantity": "Quantity",
        "timestamp": "InvoiceDate",
    }
    assert (ingest.timestamp_format, ingest.timestamp_unit) == (None, None)
    for line in (
        "541,909, of which 397,924 (73.4%) used",
        "2010-12-01 08:26:00 to 2011-12-09 12:50:00",
        "24.9% of the rows have no user: they still count for often bought together",
        '8,905 rows (1.6%) are returns: "drop" leaves the purchase as it was',
        "an experiment takes all of the 4,372 users",
    ):
        assert line in result.stdout
    assert result.stdout.splitlines()[-1] == "Next:  cfdist experiment"
    assert '# → 8,905 rows (1.6%) are returns: "drop" leaves' in TOML.read_text()


def test_online_retail_of_the_year_before() -> None:
    ingest = init(real("online_retail_ii_first_year.parquet")).ingest
    columns = {"user_id": "Customer ID", "article_id": "StockCode", "basket_id": "Invoice"}
    rest = {"quantity": "Quantity", "timestamp": "InvoiceDate"}
    assert ingest.columns.named() == columns | rest
    assert ingest.timestamp_format == "iso"


def test_two_years_with_other_names_in_one_folder() -> None:
    real("online_retail.parquet")
    result = run(DATA / "online_retail*.parquet")
    assert result.exit_code == EXIT_DATA
    assert "no column looks like the user" in result.stderr
    assert "online_retail.parquet has InvoiceNo, UnitPrice, CustomerID" in result.stderr


def test_canonical_names() -> None:
    found = told(SAMPLE)
    assert {role: guess["column"] for role, guess in found["columns"].items()} == {
        name: name for name in pq.read_schema(SAMPLE).names
    }
    assert found["profile"]["rows_in"] == 20_000
    assert (found["config"], found["next"]) == ("cfdist.toml", "cfdist experiment")


def test_the_written_settings_run() -> None:
    rng = np.random.default_rng(0)
    lines = [f"{u};{a:03};{d}/3/2024 10:00" for u, a, d in rng.integers(1, 29, (400, 3))]
    assert init(csv("s.csv", "Customer;Article No;Date", *lines)).ingest.columns.named() == {
        "user_id": "Customer", "article_id": "Article No", "timestamp": "Date",
    }  # fmt: skip
    words = ["experiment", "--json", "--n-components", "4"]
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert json.loads(result.stdout)["rows"]["rows_used"] == 400


def test_a_later_row_decides_between_day_and_month_first() -> None:
    ambiguous = ["a,x,1/2/2024 8:26", "a,y,2/2/2024 9:00"]
    path = csv("s.csv", "user,item,date", *ambiguous)
    assert init(path).ingest.timestamp_format == "%d/%m/%Y %H:%M"
    assert '# "%m/%d/%Y %H:%M" fits as well' in TOML.read_text()
    assert "read as %d/%m/%Y %H:%M or %m/%d/%Y %H:%M" in run(path, "--force").stdout
    # more rows than the sample has: only the whole column tells
    csv("s.csv", "user,item,date", *ambiguous * 10_001, "b,x,2/13/2024 8:26")
    assert init(path, "--force").ingest.timestamp_format == "%m/%d/%Y %H:%M"
    assert "fits as well" not in TOML.read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"us\xe9r,item\n1,2\n", "is not UTF-8 text"),
        (b"", "the file is empty"),
        (b"user,item\n", "there are no rows"),
        (b"user,item\n,\n", "no row can be used"),
        (b"a,b\n1,2\n", "no column looks like the user; the columns are a, b"),
        (b"user,item\n1,2\n1\n", "Expected 2 columns, got 1"),
    ],
)
def test_garbage_ends_kindly_and_writes_nothing(content: bytes, message: str) -> None:
    Path("s.csv").write_bytes(content)
    result = run("s.csv")
    assert result.exit_code == EXIT_DATA
    assert message in result.stderr
    assert "  → " in result.stderr
    assert not TOML.exists()


def test_a_missing_file_ends_kindly() -> None:
    result = run("nothing.parquet")
    assert result.exit_code == EXIT_DATA
    assert "nothing.parquet" in result.stderr


def test_options_overrule_guesses() -> None:
    path = csv(
        "s.csv", "user,client,item,sku,order,n,date,day", "a,b,x,y,1,2,2024-01-01,2024-01-02"
    )
    options = ("--user", "client", "--article", "item", "--quantity", "n", "--timestamp", "day")
    assert init(path, *options, "--basket", "").ingest.columns.named() == {
        "user_id": "client", "article_id": "item", "quantity": "n", "timestamp": "day",
    }  # fmt: skip


def test_alternatives_are_in_the_file_and_on_the_screen() -> None:
    path = csv("s.csv", "customer_id,visitor_id,sku", "a,b,x")
    assert "by its name; it may also be visitor_id" in run(path).stdout
    line = next(line for line in TOML.read_text().splitlines() if line.startswith("user_id"))
    assert re.split(r"\s{2,}|(?<=\") (?=#)", line) == [
        'user_id = "customer_id"', '# by its name; or "visitor_id"',
    ]  # fmt: skip


def test_a_column_left_out_is_not_found_by_itself() -> None:
    csv("s.csv", "user_id,article_id,basket_id", "a,x,1", "a,y,2")
    columns = init("s.csv", "--basket", "").ingest.columns
    assert columns.found_in(["user_id", "article_id", "basket_id"]).basket_id == ""


def test_notes_are_in_the_file_and_on_the_screen() -> None:
    result = run(csv("s.csv", "user,item,event", "a,x,view", "a,x,buy"))
    note = "'event' holds 'view', 'buy': all rows count alike"
    assert note in result.stdout
    assert f"# → {note}" in TOML.read_text()


def test_an_existing_file_is_kept() -> None:
    TOML.write_text("[factorize]\nn_components = 7\n")
    result = run("nothing.parquet")  # refused before the input is looked at
    assert result.exit_code == EXIT_CONFIG
    assert "cfdist.toml exists and is not overwritten" in result.stderr
    assert "--force" in result.stderr
    assert Config.load(TOML).factorize.n_components == 7
    assert init(SAMPLE, "--force").factorize.n_components == 50


def test_a_file_that_appears_meanwhile_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*arguments: Any) -> Report:
        TOML.write_text("mine")
        return examine(*arguments)

    monkeypatch.setattr("cfdist.input.examine.examine", slow)
    result = run(csv("s.csv", "user,item", "a,x"))
    assert result.exit_code == EXIT_CONFIG
    assert TOML.read_text() == "mine"


def test_errors_are_json_when_asked() -> None:
    TOML.touch()
    found = json.loads(run(SAMPLE, "--json").stdout)
    assert (found["error"], found["exit_code"]) == ("ConfigError", EXIT_CONFIG)


def test_another_output_is_named_in_the_next_command() -> None:
    output = Path("new folder/shop.toml")
    found = told(SAMPLE, "--output", output)
    assert found["next"] == "cfdist experiment --config 'new folder/shop.toml'"
    assert Config.load(output).ingest.input == str(SAMPLE)
    assert not TOML.exists()


def test_an_output_that_cannot_be_written_ends_kindly() -> None:
    path = csv("s.csv", "user,item", "a,x")
    result = run(path, "--output", path / "cfdist.toml")
    assert result.exit_code == EXIT_CONFIG
    assert "cannot be written" in result.stderr


def test_an_output_that_cannot_be_replaced_ends_kindly(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("not yours")

    path = csv("s.csv", "user,item", "a,x")
    TOML.write_text("mine")
    monkeypatch.setattr("cfdist.cli.init.Path.open", refuse)
    result = run(path, "--force")
    assert result.exit_code == EXIT_CONFIG
    assert "cfdist.toml cannot be written: not yours" in result.stderr


def test_a_pipe_gets_no_colours() -> None:
    assert "\x1b" not in run(csv("s.csv", "user,item", "a,x")).stdout
