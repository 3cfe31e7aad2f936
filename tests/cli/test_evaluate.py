"""``cfdist evaluate``: what it prints and stores, and what it says of bad input."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from held_out_shop import SPLIT_DATE, shop_rows

from cfdist.builds import load_build
from cfdist.cli import cli
from cfdist.config import Config
from cfdist.errors import EXIT_CONFIG, EXIT_DATA
from cfdist.evaluation import samples
from cfdist.evaluation.decision import decision_path

USER = "customer-{:04d}-of-the-shop"


class Shop:
    """A folder with the shop as a file, and the command line that measures it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs = folder, folder / "runs"
        self.input = self.write()

    def write(self, name: str = "in.parquet", **columns) -> Path:
        """The rows, but for the columns given; None leaves one out."""
        rows = shop_rows()
        rows["user_id"] = [USER.format(user) for user in rows["user_id"]]
        table = {key: value for key, value in (rows | columns).items() if value is not None}
        pq.write_table(pa.table(table), self.folder / name)
        return self.folder / name

    def run(self, *options: object, command: str = "evaluate", **sets: object):
        fixed = {
            "publish.root": self.folder / "recommendations", "runs.path": self.runs,
            "cluster.dashboard": "false", "factorize.n_components": 6,
            "recommend.spectral.n_components": 4, "evaluation.date": SPLIT_DATE,
            "evaluation.min_users": 20,
        }  # fmt: skip
        chosen = fixed | {key.replace("__", "."): value for key, value in sets.items()}
        words = [w for key, value in chosen.items() for w in ("--set", f"{key}={value}")]
        return CliRunner().invoke(cli, [command, *map(str, options), *words])

    def measure(self, *options: object, **sets: object):
        result = self.run(*options, **sets)
        assert result.exit_code == 0, result.output
        return result

    def refuse(self, code: int, words: list[object], *options: object, **sets: object) -> None:
        result = self.run(*options, **sets)
        assert result.exit_code == code, result.output
        assert isinstance(result.exception, SystemExit)
        assert result.stdout == ""
        message, remedy = result.stderr.rstrip("\n").rsplit("\n", 1)
        assert "error: " in message
        assert remedy.startswith("  → ")
        for word in words:
            assert str(word) in result.stderr, result.stderr
        for word in ("Traceback", "distributed", ".py"):
            assert word not in result.stderr

    def last(self, name: str) -> str:
        run = max(path.parent.name for path in self.runs.glob("*/evaluation.json"))
        return (self.runs / run / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("shop"))


def strict(text: str):
    def refuse(token: str):
        raise ValueError(token)

    return json.loads(text, parse_constant=refuse)


def test_verdict_candidates_components_and_where_the_report_is(shop):
    result = shop.measure(shop.input, "--method", "latent")
    for word in ("latent", "popular", "recall@10", "Components", "Report:", "91 judged of"):
        assert word in result.output, result.output
    report = shop.last("report.html")
    assert report.lower().startswith("<!doctype html>")
    assert str(shop.runs) in result.output.replace("\n", "")
    assert "customer-" not in report


def test_ids_are_in_the_report_when_asked_for(shop):
    shop.measure(shop.input, "--method", "popular", "--with-ids")
    assert "customer-" in shop.last("report.html")


def test_json_is_one_document_without_nan(shop, monkeypatch):
    monkeypatch.setattr(samples, "PERCENTS", (1.0,))
    result = shop.measure(shop.input, "--method", "popular", "--json", "--sample")
    told = strict(result.stdout)
    assert told == strict(shop.last("evaluation.json"))
    assert [row["name"] for row in told["candidates"]] == ["popular"]
    assert told["sample"]
    assert told["command"] == "cfdist evaluate --sample"


def test_samples_of_a_shop_that_is_too_small_for_them(tmp_path, monkeypatch):
    """Fifty users are the least; a single one can be judged in the sample."""
    monkeypatch.setattr(samples, "PERCENTS", (1.0,))
    small = Shop(tmp_path)
    rows = shop_rows()
    late = [time.isoformat() >= SPLIT_DATE for time in rows["timestamp"].to_pylist()]
    kept = [
        place for place, user in enumerate(rows["user_id"]) if not late[place] or user in (7, 12)
    ]
    rows = {key: pa.array(values).take(pa.array(kept)) for key, values in rows.items()}
    pq.write_table(pa.table(rows), small.input)
    monkeypatch.setattr(samples, "MIN_USERS", 5)
    words = (small.input, "--method", "popular", "--sample")
    told = strict(small.measure(*words, "--json").stdout)
    assert told == strict(small.last("evaluation.json"))
    small.measure(*words)


def test_candidates_of_a_file(shop):
    path = shop.folder / "good.toml"
    path.write_text('[latent]\n[mine]\n"recommend.method" = "latent"\n"factorize.n_components"=3\n')
    told = strict(shop.measure(shop.input, "--candidates", path, "--json").stdout)
    assert [row["name"] for row in told["candidates"]] == ["popular", "latent", "mine"]
    assert told["candidates"][2]["settings"]["factorize.n_components"] == 3


def test_deciding_then_training(shop):
    path = shop.folder / "two.toml"
    path.write_text("[latent]\n[user_neighbors]\n")
    told = strict(
        shop.measure(
            shop.input, "--decide", "--candidates", path, "--json", evaluation__n_windows=2
        ).stdout
    )
    assert told["split"]["kind"] == "rolling"
    assert told["decision"]["name"] in ("latent", "user_neighbors", "popular")
    trained = shop.run(shop.input, command="train", gate__enabled="false")
    assert trained.exit_code == 0, trained.output
    settings = load_build(shop.folder / "recommendations").manifest.settings
    assert settings["recommend"]["method"] == told["decision"]["method"]


def test_all_methods_none_of_which_fails(shop):
    told = strict(shop.measure(shop.input, "--all", "--json").stdout)
    assert {row["status"] for row in told["candidates"]} == {"ok"}
    assert len(told["candidates"]) == 11


def test_a_method_that_fails_is_in_the_table_with_its_error(shop):
    result = shop.measure(shop.input, "--method", "history")
    assert "failed" in result.output
    words = " ".join(result.output.replace("│", " ").split())
    assert "recommend.owned" in words
    report = shop.last("report.html")
    assert "forbids that" in report


# bad input


def test_no_timestamps(shop):
    path = shop.write("undated.parquet", timestamp=None)
    shop.refuse(EXIT_DATA, ["timestamp", "evaluation.split"], path)


@pytest.mark.parametrize("split", ["rolling", "last_k"])
def test_no_timestamps_for_other_splits_by_time(shop, split):
    path = shop.write("undated.parquet", timestamp=None)
    shop.refuse(EXIT_DATA, ["timestamp"], path, "--split", split)


def test_random_needs_no_timestamps(shop):
    path = shop.write("undated.parquet", timestamp=None)
    told = strict(shop.measure(path, "--split", "random", "--method", "popular", "--json").stdout)
    assert "leaks" in told["split"]["warning"]


def test_no_held_out_row_is_left(shop):
    path = shop.write("returned.parquet")
    table = pq.read_table(path)
    late = pa.array([str(time) >= SPLIT_DATE for time in table["timestamp"].to_pylist()])
    quantity = [-1.0 if is_late.as_py() else 1.0 for is_late in late]
    pq.write_table(table.set_column(2, "quantity", pa.array(quantity)), path)
    words = ["no purchase of a known user is held out", "evaluation.date"]
    shop.refuse(EXIT_DATA, words, path, ingest__max_dropped_share=1)


@pytest.mark.parametrize("date", ["2030-01-01", "1999-01-01", "someday"])
def test_a_date_outside_of_the_rows(shop, date):
    shop.refuse(EXIT_CONFIG, [date], shop.input, evaluation__date=date)


def test_lists_longer_than_the_catalogue(shop):
    words = ["ask for lists of 500", "train rows have 36 articles", "up to 36"]
    shop.refuse(EXIT_CONFIG, words, shop.input, evaluation__ks="[500]")


@pytest.mark.parametrize(
    ("metric", "words"),
    [("recal@10", ["'recal'", "recall"]), ("recall", ["recall@10"]), ("ndcg@0", ["ndcg@0"])],
)
def test_an_unknown_metric(shop, metric, words):
    shop.refuse(EXIT_CONFIG, words, shop.input, "--metric", metric)


def test_an_unknown_method(shop):
    shop.refuse(EXIT_CONFIG, ["recommend.method", "magic"], shop.input, "--method", "magic")


def test_no_input(shop):
    path = shop.folder / "none.parquet"
    shop.refuse(EXIT_DATA, [path], path)


def test_files_without_a_file(shop):
    shop.refuse(EXIT_CONFIG, ["evaluation.test_input"], shop.input, "--split", "files")


WRONG = {
    "syntax": ("[latent\n", "{path}"),
    "bytes": (b"\xff\xfe", "{path}"),
    "name": ("[mine]\n", "'mine' has no recommend.method"),
    "section": ('[latent]\n"ingest.input" = "b"\n', "'ingest.input'"),
    "unknown": ('[latent]\n"factorize.n_component" = 3\n', "'factorize.n_component'"),
    "type": ('[latent]\n"factorize.n_components" = "many"\n', "'many'"),
    "no table": ("latent = 3\n", "'latent' is not a table"),
    "nothing": ("# nothing\n", "{path}"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_of_candidates(shop, name):
    content, words = WRONG[name]
    path = shop.folder / "wrong.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    words = [words.format(path=path), path]
    shop.refuse(EXIT_CONFIG, words, shop.input, "--candidates", path)


def test_a_file_of_candidates_that_is_not_there(shop):
    path = shop.folder / "absent.toml"
    result = shop.run(shop.input, "--candidates", path)
    assert result.exit_code == 2
    assert "absent.toml" in result.output


def test_a_damaged_decision_is_named(tmp_path):
    shop = Shop(tmp_path)
    path = decision_path(
        Config.load(None, {"ingest": {"input": str(shop.input)}, "runs": {"path": str(shop.runs)}})
    )
    path.parent.mkdir(parents=True)
    path.write_text("{")
    result = shop.run(shop.input, command="train")
    assert result.exit_code == EXIT_DATA, result.output
    assert str(path) in result.stderr
    assert "cfdist evaluate --decide" in result.stderr
