from pathlib import Path

import pytest

from cfdist.config import OLD_NAMES, Config, flatten, merge, nested
from cfdist.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    file = folder / "cfdist.toml"
    file.write_text(text)
    return file


def test_file_then_environment_then_command_line(tmp_path, monkeypatch):
    file = write(tmp_path, "[neighbors]\nn_similar_users = 7\nn_similar_items = 8\n")
    monkeypatch.setenv("CFDIST_NEIGHBORS__N_SIMILAR_ITEMS", "9")
    config = Config.load(file, {"factorize": {"n_components": 3}})
    assert config.neighbors.n_similar_users == 7
    assert config.neighbors.n_similar_items == 9
    assert config.factorize.n_components == 3
    origins = config.origins(file, {"factorize": {"n_components": 3}})
    assert origins["neighbors.n_similar_users"] == str(file)
    assert origins["neighbors.n_similar_items"] == "environment"
    assert origins["factorize.n_components"] == "command line"
    assert origins["matrix.aggregate"] == "default"


def test_old_names_work_at_the_top_of_the_file(tmp_path):
    lines = [f"{old} = {number}" for number, old in enumerate(OLD_NAMES, start=2)]
    values = flatten(Config.load(write(tmp_path, "\n".join(lines))).model_dump())
    for number, (section, key) in enumerate(OLD_NAMES.values(), start=2):
        assert values[f"{section}.{key}"] == number


def test_section_wins_over_old_name(tmp_path):
    file = write(tmp_path, "N_COMPONENTS = 5\n[factorize]\nn_components = 6\n")
    assert Config.load(file).factorize.n_components == 6


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"factorize": {"n_component": 20}}, "factorize.n_components"),
        ({"factorise": {"n_components": 20}}, "factorize"),
        ({"ingest": {"columns": {"user": "who"}}}, "ingest.columns.user_id"),
    ],
)
def test_unknown_key_suggests_the_nearest(given, said):
    with pytest.raises(ConfigError) as error:
        Config.load(None, given)
    assert said in error.value.remedy


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("factorize", "n_components", -1),
        ("factorize", "n_components", "many"),
        ("factorize", "tolerance", float("nan")),
        ("recommend", "method", "magic"),
        ("ingest", "sample_percent", 0),
        ("ingest", "max_dropped_share", 1.5),
        ("cluster", "workers", -2),
    ],
)
def test_wrong_value_names_the_setting(section, key, value):
    with pytest.raises(ConfigError, match=f"{section}.{key}"):
        Config.load(None, {section: {key: value}})


def test_broken_file_names_the_file(tmp_path):
    file = write(tmp_path, "[neighbors\n")
    with pytest.raises(ConfigError, match=r"cfdist\.toml"):
        Config.load(file)


def test_named_file_must_exist(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        Config.load(tmp_path / "nowhere.toml")


def test_sections_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Config.load(None).factorize.n_components = 3


def test_merge_and_nested():
    assert merge({"a": {"b": 1, "c": 2}}, nested("a.b", 5)) == {"a": {"b": 5, "c": 2}}
