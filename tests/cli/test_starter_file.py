"""The settings file that ``cfdist init`` writes can be read, uncommented and explained."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from input_files import csv

from cfdist.cli.starter_file import SECTIONS, settings_text, write_settings
from cfdist.config import Config, flatten
from cfdist.errors import ConfigError
from cfdist.input.examine import examine

TOML = Path("cfdist.toml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, output: Path = TOML, *, force: bool = False) -> None:
    write_settings(examine(str(path), {}), output, force=force)


def test_a_file_is_replaced_only_by_force() -> None:
    path = csv("s.csv", "user,item", "a,x")
    output = Path("new folder/shop.toml")
    write(path, output)
    with pytest.raises(ConfigError, match=r"shop.toml exists and is not overwritten") as error:
        write(path, output)
    assert "--force" in error.value.remedy
    output.write_text("")
    write(path, output, force=True)
    assert Config.load(output).ingest.input == "s.csv"


def test_what_is_commented_out_is_the_default() -> None:
    write(csv("s.csv", "user,item", "a,x"))
    examples = r"^# (?=timestamp_format|timestamp_unit|articles)"
    text = re.sub(examples, "#", TOML.read_text(), flags=re.M)
    text, number = re.subn(r"^# (?=\w+ = )", "", text, flags=re.M)
    assert number > 15
    TOML.write_text(text)
    live, defaults = Config.load(TOML), Config.load(None)
    ours = {"ingest.input", *(f"ingest.columns.{role}" for role in ("user_id", "article_id"))}
    changed = {
        key for key, value in flatten(live.model_dump()).items()
        if (value or None) != (flatten(defaults.model_dump())[key] or None)
    }  # fmt: skip
    assert changed == ours


def test_every_section_and_every_example_is_a_setting() -> None:
    write(csv("s.csv", "user,item", "a,x"))
    TOML.write_text(re.sub(r"^# (?=\w+ = )", "", TOML.read_text(), flags=re.M))
    config = Config.load(TOML)
    assert (config.ingest.timestamp_format, config.ingest.timestamp_unit) == ("iso", "s")
    assert {key.split(".")[0] for key in SECTIONS} <= set(type(config).model_fields)


def test_no_line_of_the_template_is_too_long() -> None:
    write(csv("s.csv", "user,item", "a,x"))
    assert max(map(len, TOML.read_text().splitlines())) <= 100


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(["\x7f\n", '"\\'])
@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=2, unique=True))
def test_any_column_name_survives(folder: Path, names: list[str]) -> None:
    pq.write_table(pa.table({name: ["a", "b"] for name in names}), "s.parquet")
    report = examine("s.parquet", {"user_id": names[0], "article_id": names[1]})
    TOML.write_text(settings_text(report), encoding="utf-8")
    columns = Config.load(TOML).ingest.columns
    assert (columns.user_id, columns.article_id) == tuple(names)
