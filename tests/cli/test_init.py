"""``cfdist init``: from a table of anyone's to a settings file that the other commands read."""

import json
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from conftest import ROOT, SAMPLE
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from cfdist.cli import cli
from cfdist.cli.init import SECTIONS, Report, advise, examine, settings_text, show
from cfdist.config import Config, flatten
from cfdist.errors import EXIT_CONFIG, EXIT_DATA
from cfdist.input.profile import Profile, Spread

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


def csv(path: str, *lines: str) -> Path:
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Path(path)


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


def test_integers_have_a_unit() -> None:
    ingest = init(csv("s.csv", "user,item,ts", "a,x,1291190400000")).ingest
    assert (ingest.columns.timestamp, ingest.timestamp_unit) == ("ts", "ms")
    assert ingest.timestamp_format is None


def test_a_folder_with_hive_partitions() -> None:
    for day, user in (("2024-01-02", 1), ("2024-01-03", 2)):
        part = Path("lines") / f"day={day}"
        part.mkdir(parents=True)
        pq.write_table(pa.table({"customer": [user], "sku": ["a"]}), part / "p.parquet")
    config = init("lines")
    columns = {"user_id": "customer", "article_id": "sku", "timestamp": "day"}
    assert config.ingest.columns.named() == columns
    assert config.ingest.timestamp_format == "iso"
    assert told("lines", "--force")["profile"]["last_date"] == "2024-01-03T00:00:00"


def test_articles_beside_interactions_are_told_apart() -> None:
    result = run(SAMPLE.parent)
    assert result.exit_code == EXIT_DATA
    assert f"{SAMPLE} has user_id, basket_id, quantity, timestamp" in result.stderr
    assert "name the file with the interactions" in result.stderr


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


def test_settings_of_the_environment_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFDIST_INGEST__FORMAT", "csv")
    assert run(csv("s.txt", "user,item", "a,x")).exit_code == 0
    monkeypatch.delenv("CFDIST_INGEST__FORMAT")
    assert Config.load(TOML).ingest.format == "csv"


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

    monkeypatch.setattr("cfdist.cli.init.examine", slow)
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


def test_json_says_all_that_the_screen_says() -> None:
    found = told(csv("s.csv", "user,item,event", "a,x,view", "a,x,buy"))
    assert set(found) == {
        "config", "input", "columns", "timestamp_formats", "timestamp_unit", "notes", "profile",
        "advice", "next",
    }  # fmt: skip
    assert found["columns"]["user_id"] == {
        "column": "user", "reason": "by its name", "alternatives": [],
    }  # fmt: skip
    assert {"setting", "text"} == set(found["advice"][0])


def test_what_is_commented_out_is_the_default() -> None:
    init(csv("s.csv", "user,item", "a,x"))
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
    init(csv("s.csv", "user,item", "a,x"))
    TOML.write_text(re.sub(r"^# (?=\w+ = )", "", TOML.read_text(), flags=re.M))
    config = Config.load(TOML)
    assert (config.ingest.timestamp_format, config.ingest.timestamp_unit) == ("iso", "s")
    assert {key.split(".")[0] for key in SECTIONS} <= set(type(config).model_fields)


def test_no_line_of_the_template_is_too_long() -> None:
    init(csv("s.csv", "user,item", "a,x"))
    assert max(map(len, TOML.read_text().splitlines())) <= 100


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(["\x7f\n", '"\\'])
@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=2, unique=True))
def test_any_column_name_survives(folder: Path, names: list[str]) -> None:
    pq.write_table(pa.table({name: ["a", "b"] for name in names}), "s.parquet")
    report = examine("s.parquet", TOML, {"user_id": names[0], "article_id": names[1]})
    TOML.write_text(settings_text(report), encoding="utf-8")
    columns = Config.load(TOML).ingest.columns
    assert (columns.user_id, columns.article_id) == tuple(names)


def report_of(path: Path) -> Report:
    return examine(str(path), TOML, {})


def test_a_terminal_gets_colours_and_names_are_never_markup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = Console(record=True, force_terminal=True, width=100, file=StringIO())
    monkeypatch.setattr("cfdist.cli.tables.console", lambda: out)
    show(report_of(csv("s.csv", "[red] user,item", "a,x")))
    text = out.export_text(styles=True)
    assert "[red] user" in text
    assert "\x1b[1m" in text
    assert "\x1b" not in run("s.csv").stdout


GOOD = Profile(
    scope="", estimated=False, rows_in=1_000_000, rows_used=990_000, dropped={}, first_date="2024",
    last_date="2025", n_users=200_000, n_users_with_one_article=50_000, n_articles=5_000,
    n_pairs=900_000, density=0.0009, interactions_per_user=Spread(3, 10, 400), repeated_share=0.1,
    duplicate_share=0.0, top_ten_share=0.1, n_null_users=0, n_returns=5_000,
    basket_kind="basket_id", n_baskets=500_000, n_null_baskets=0,
    articles_per_basket=Spread(2, 5, 60), large_basket_share=0.0,
)  # fmt: skip


MANY_EACH = {"n_users_with_one_article": 0}


def advice_on(**figures: Any) -> dict[str, str]:
    found = advise(replace(GOOD, **figures), Config.load(None))
    return {advice.setting: advice.text for advice in found}


def test_a_healthy_table_gets_no_advice() -> None:
    assert advice_on() == {}


@pytest.mark.parametrize(
    ("figures", "setting", "text"),
    [
        ({"rows_used": 380_000}, "ingest.max_dropped_share", "set max_dropped_share = 0.65"),
        ({"n_returns": 20_000}, "ingest.returns", '20,000 rows (2.0%) are returns: "drop" leaves'),
        ({"duplicate_share": 0.01}, "matrix.aggregate", "1.0% of the lines repeat another one"),
        ({"top_ten_share": 0.4}, "recommend.method", "ten articles make 40% of the interactions"),
        (
            {"n_users_with_one_article": 150_000},
            "neighbors.n_similar_users",
            "most users have one article: similar users will be coarse; often bought together "
            "works all the same",
        ),
        ({"n_null_users": 250_000}, "ingest.columns", "25.0% of the rows have no user: they still"),
        (
            {"interactions_per_user": Spread(2, 4, 99_000)},
            "ingest.columns",
            "one user has 10% of the interactions: if it is a till",
        ),
        ({"n_articles": 30}, "factorize.n_components", "at most 30 components"),
        (
            {"n_users": 9_000} | MANY_EACH,
            "experiment.sample_percent",
            "takes all of the 9,000 users",
        ),
        (
            {"n_users": 90_000} | MANY_EACH,
            "experiment.sample_percent",
            "10% of 90,000 users are few",
        ),
        ({"n_users": 9_000_000}, "experiment.sample_percent", "1.11% are 99,900 users already"),
        (
            {"basket_kind": "what a user takes on a day"},
            "ingest.columns",
            "there is no basket column: what a user takes on a day is one basket",
        ),
        ({"n_null_baskets": 900_000}, "ingest.columns", "90% of the rows have no basket"),
        (
            {"large_basket_share": 0.02, "articles_per_basket": Spread(2, 5, 900)},
            "ingest.max_basket_articles",
            "2.0% of the baskets hold more than 200 articles, up to 900",
        ),
        (
            {"articles_per_basket": Spread(1, 2, 9)},
            "recommend.min_pair_count",
            "try min_pair_count = 2",
        ),
    ],
)
def test_advice(figures: dict[str, Any], setting: str, text: str) -> None:
    found = advice_on(**figures)
    assert list(found) == [setting]
    assert text in found[setting]


def test_advice_holds_back_what_the_figures_cannot_say() -> None:
    # without a date a line that repeats is a purchase; a part of the users is no sample size
    assert advice_on(duplicate_share=0.5, first_date=None) == {}
    assert advice_on(n_users=9_000_000, scope="4 of 10 parts") == {}
    assert advice_on(n_returns=9_999, n_null_users=999, top_ten_share=0.29) == {}


def test_rows_without_a_user_and_without_baskets() -> None:
    nobody: dict[str, Any] = {"n_null_users": 250_000, "basket_kind": "all that a user took"}
    first, second = advise(replace(GOOD, **nobody), Config.load(None))
    assert first.text.endswith(
        "with a basket column they could still count for often bought together"
    )
    assert second.text == "there is no basket column: all that a user took is one basket"


def test_every_piece_of_advice_has_its_place_in_the_file() -> None:
    places = {f"{section}.{key}" for section, (_, keys) in SECTIONS.items() for key in keys}
    bad = {
        "rows_used": 1, "n_returns": 999_999, "duplicate_share": 1.0, "top_ten_share": 1.0,
        "n_users_with_one_article": 200_000, "n_articles": 1, "n_users": 10, "n_null_users": 9_999,
        "articles_per_basket": Spread(1, 1, 999), "large_basket_share": 0.1,
    }  # fmt: skip
    assert set(advice_on(**bad)) - places == {"ingest.columns"}
    assert "ingest.columns" in SECTIONS
