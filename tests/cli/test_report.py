"""What ``cfdist init`` found, on a terminal and as JSON."""

import json
from io import StringIO
from pathlib import Path

import pytest
from input_files import csv
from rich.console import Console

from cfdist.cli.report import as_values, show
from cfdist.config import DEFAULT_FILE
from cfdist.input.examine import Report, examine


def look_at(path: Path) -> Report:
    return examine(str(path), {})


def test_a_terminal_gets_colours_and_names_are_never_markup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Console(record=True, force_terminal=True, width=100, file=StringIO())
    monkeypatch.setattr("cfdist.cli.tables.console", lambda: out)
    show(look_at(csv(tmp_path / "s.csv", "[red] user,item", "a,x")), DEFAULT_FILE)
    text = out.export_text(styles=True)
    assert "[red] user" in text
    assert "\x1b[1m" in text


def test_json_says_all_that_the_screen_says(tmp_path: Path) -> None:
    path = csv(tmp_path / "s.csv", "user,item,event", "a,x,view", "a,x,buy")
    found = json.loads(json.dumps(as_values(look_at(path), DEFAULT_FILE)))
    assert set(found) == {
        "config", "input", "columns", "timestamp_formats", "timestamp_unit", "notes", "profile",
        "advice", "next",
    }  # fmt: skip
    assert found["columns"]["user_id"] == {
        "column": "user", "reason": "by its name", "alternatives": [],
    }  # fmt: skip
    assert {"setting", "text"} == set(found["advice"][0])


@pytest.mark.parametrize(
    ("output", "command"),
    [
        (DEFAULT_FILE, "cfdist experiment"),
        (Path("a b/shop.toml"), "cfdist experiment --config 'a b/shop.toml'"),
    ],
)
def test_the_next_command_names_the_file_unless_it_is_found_by_itself(
    tmp_path: Path, output: Path, command: str
) -> None:
    report = look_at(csv(tmp_path / "s.csv", "user,item", "a,x"))
    found = as_values(report, output)
    assert (found["config"], found["next"]) == (str(output), command)
