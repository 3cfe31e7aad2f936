"""Whatever is wrong with an input, a setting or a place: one message, one remedy, no build."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import ROOT

from cfdist.builds.build import load_build
from cfdist.cli import cli
from cfdist.errors import EXIT_CONFIG, EXIT_DATA, EXIT_TRY_LATER

N_ROWS = 400
NOW_S = 1_700_000_000
SHARED = ROOT.parent / "shared" / "data"
RETAIL = {"article_id": "StockCode", "quantity": "Quantity", "timestamp": "InvoiceDate"}


@pytest.fixture
def shop(tmp_path) -> "Shop":
    return Shop(tmp_path)


class Shop:
    """A folder with an input, and the command line that reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.input = folder / "in"
        self.input.mkdir()
        self.root = folder / "recommendations"

    def write(self, name: str = "a.parquet", **columns) -> Path:
        """Good rows, but for the columns given; None leaves a column out."""
        rng = np.random.default_rng(0)
        ids = {"user_id": rng.integers(0, 40, N_ROWS), "article_id": rng.integers(0, 25, N_ROWS)}
        whole = {key: values for key, values in {**ids, **columns}.items() if values is not None}
        pq.write_table(pa.table(whole), self.input / name)
        return self.input / name

    def csv(self, text: str | bytes, name: str = "a.csv") -> Path:
        (self.input / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return self.input / name

    def arguments(self, given: object, *options: str, command: str = "train") -> list[str]:
        fixed = {
            "publish.root": self.root, "runs.path": self.folder / "runs",
            "cluster.dashboard": "false", "factorize.n_components": 10,
        }  # fmt: skip
        sets = [word for key, value in fixed.items() for word in ("--set", f"{key}={value}")]
        return [command, str(given), *sets, *options]

    def run(self, given: object, *options: str, command: str = "train"):
        runner = CliRunner()
        return runner.invoke(cli, self.arguments(given, *options, command=command))

    def train(self, given: object, *options: str):
        """The build that came out of it."""
        result = self.run(given, *options)
        assert result.exit_code == 0, result.output
        return load_build(self.root)

    def refuse(self, given: object, *words: object, options=(), code=EXIT_DATA, **more) -> str:
        """Standard error of a command that must fail, name all of that, and publish nothing."""
        result = self.run(given, *options, **more)
        assert result.exit_code == code, result.output
        assert isinstance(result.exception, SystemExit)
        assert result.stdout == ""
        check_message(result.stderr, *words)
        assert not (self.root / "builds").exists()
        assert not (self.root / "_log").exists()
        return result.stderr


def check_message(told: str, *words: object) -> None:
    """A message and its remedy, at the end, and nothing of what Dask and Python say."""
    for word in ("Traceback", "distributed", "Error:", "Warning", ".py"):
        assert word not in told
    message, remedy = told.rstrip("\n").rsplit("\n", 1)
    assert "error: " in message
    assert remedy.startswith("  → ")
    for word in words:
        assert str(word) in told, told


def setting(key: str, value: object) -> tuple[str, str]:
    return ("--set", f"{key}={value}")


# nothing to read


def test_no_file(shop):
    shop.refuse(shop.input / "none.parquet", shop.input / "none.parquet", "cfdist data demo")
    shop.refuse(shop.input / "*.parquet", shop.input / "*.parquet")


def test_empty_folder(shop):
    shop.refuse(shop.input, f"no parquet or csv file at {shop.input}")
    (shop.input / "_SUCCESS").touch()
    shop.refuse(shop.input, f"no parquet or csv file at {shop.input}")


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_empty_file(shop, name):
    path = shop.csv(b"", name)
    shop.refuse(path, path)


@pytest.mark.parametrize("command", ["train", "experiment"])
def test_no_rows(shop, command):
    path = shop.write(user_id=pa.array([], pa.int64()), article_id=pa.array([], pa.int64()))
    shop.refuse(path, f"{path}: there are no rows", command=command)
    pq.ParquetWriter(path, pq.read_schema(path)).close()
    shop.refuse(path, f"{path}: there are no rows", command=command)
    path = shop.csv("user_id,article_id\n")
    shop.refuse(path, f"{path}: there are no rows", command=command)


def test_no_rows_are_left(shop):
    path = shop.write(quantity=[float("nan")] * N_ROWS)
    for options in ((), setting("ingest.max_dropped_share", 1)):
        shop.refuse(
            path, "400 quantity missing", f"{path}: column 'quantity', row 0", options=options
        )


# columns


def test_missing_column_suggests_the_nearest_name(shop):
    path = shop.write(user_id=None, CustomerID=[1] * N_ROWS)
    told = shop.refuse(
        path, f"{path}: there is no column 'user_id'", "it has article_id, CustomerID"
    )
    assert "did you mean 'CustomerID'? set ingest.columns.user_id = 'CustomerID'" in told


def test_missing_column_in_one_of_two_files(shop):
    shop.write("a.parquet")
    path = shop.write("b.parquet", article_id=None, product=[1] * N_ROWS)
    shop.refuse(shop.input, f"{path}: there is no column 'article_id'", "(it is in", "a.parquet)")


def test_duplicate_header(shop):
    path = shop.csv("user_id,article_id,user_id\n1,2,3\n")
    shop.refuse(path, f"{path}: there are 2 columns 'user_id'", "rename")


# ids


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True], "bool"), ([b"x"], "binary"), ([[1]], "list"), ([{"a": 1}], "struct"),
        (pa.array(["1"]).cast(pa.decimal128(5)), "decimal128"),
    ],
)  # fmt: skip
def test_ids_of_a_type_that_is_none(shop, values, kind):
    values = pa.array(values).take(pa.array([0] * N_ROWS))
    path = shop.write(user_id=values)
    shop.refuse(path, f"{path}: column 'user_id' (user_id) is {kind}", "int64 or string")


def test_ids_of_mixed_type(shop):
    first, second = shop.write("a.parquet"), shop.write("b.parquet", user_id=["x"] * N_ROWS)
    words = ("column 'user_id'", f"string in {second}", f"int64 in {first}", "cast")
    shop.refuse(shop.input, *words)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (pa.array([1.0, 1.5]), "row 1: '1.5' is not a whole number"),
        (pa.array([1.0, np.inf]), "row 1: 'inf' is not a whole number"),
        (pa.array([1.0, 2.0**53]), "row 1: '9007199254740992.0' is a double, exact below"),
        (pa.array([1, 2**64 - 1], pa.uint64()), "row 1: '18446744073709551615' does not fit int64"),
        (pa.array(["a", "é" * 513]), "row 1: the id has 1,026 bytes, at most 1,024 fit"),
        (pa.array([b"a", b"\xff"]).view(pa.string()), "row 1: the id is not UTF-8 text"),
    ],
)
@pytest.mark.parametrize("column", ["user_id", "article_id", "basket_id"])
def test_id_that_cannot_be_kept(shop, values, problem, column):
    path = shop.write(**{column: values.take(pa.array([0, 1] * (N_ROWS // 2)))})
    shop.refuse(path, f"{path}: column '{column}', {problem}")


def test_whole_float_ids_are_accepted_and_told(shop):
    users = np.arange(N_ROWS) % 40 + 0.0
    users[7] = np.nan
    result = shop.run(shop.write(user_id=users))
    assert result.exit_code == 0
    assert "user_id: float ids that are whole numbers are read as int64" in result.stderr
    assert load_build(shop.root).manifest.user_type == "int64"


@pytest.mark.parametrize(
    "ids",
    [
        [-(2**63), 2**63 - 1, 2**53, 2**53 + 1, 0, -1, 2**31],
        ["é", "e\u0301", "😀", "a\nb", "0071053", "71053", " x", "NaN", "\u202eabc", "x" * 1024],
    ],
)
def test_ids_are_published_exactly(shop, ids):
    pick = np.random.default_rng(1).integers(0, len(ids), (2, N_ROWS))
    users, articles = ([ids[i] for i in row] for row in pick)
    build = shop.train(shop.write(user_id=users, article_id=articles))
    assert set(build.arrow("users")["user_id"].to_pylist()) == set(ids)
    assert build.arrow("articles")["article_id"].to_pylist() == sorted(
        ids, key=lambda i: i.encode() if isinstance(i, str) else i
    )


def test_leading_zeros_of_csv_are_kept(shop):
    ids = ["0071053", "71053", "85123A", "1e5"]
    rows = [f"u{n % 9},{ids[n * n % 4 if n % 3 else n % 4]}" for n in range(60)]
    build = shop.train(shop.csv("user_id,article_id\n" + "\n".join(rows)))
    assert build.arrow("articles")["article_id"].to_pylist() == sorted(ids)


# quantities


@pytest.mark.parametrize("values", [[True], ["1"], [[1]]])
def test_quantity_that_is_no_number(shop, values):
    path = shop.write(quantity=values * N_ROWS)
    shop.refuse(path, f"{path}: column 'quantity', row 0: is", "a number is needed")


@pytest.mark.parametrize("aggregate", ["count", "sum"])
def test_quantities_that_are_not_finite_are_counted(shop, aggregate):
    quantity = np.ones(N_ROWS)
    quantity[:40] = [np.nan, np.inf, -np.inf, 1e300] * 10
    options = setting("matrix.aggregate", aggregate)
    manifest = shop.train(shop.write(quantity=quantity), *options).manifest
    assert manifest.rows["dropped"] == {"quantity missing, not finite or over 2⁵³": 40}
    assert manifest.rows["rows_used"] == N_ROWS - 40


def test_only_returns(shop):
    path = shop.write(quantity=[-1] * N_ROWS)
    shop.refuse(path, "400 return (negative quantity)", f"{path}: column 'quantity', row 0")
    shop.refuse(path, "no rows are left", options=setting("ingest.max_dropped_share", 1))


def test_text_in_a_number_of_csv(shop):
    path = shop.csv("user_id,article_id,quantity\n1,2,3\n1,2,three\n")
    shop.refuse(path, f"{path}: column 'quantity', row 1: 'three' is not a number")


# times


def times(seconds: object) -> pa.Array:
    return pa.array(np.broadcast_to(np.asarray(seconds, dtype=np.int64), N_ROWS))


def test_text_times_need_a_format(shop):
    path = shop.write(timestamp=["2024-02-29"] * N_ROWS)
    where = f"{path}: column 'timestamp', row 0: '2024-02-29'"
    shop.refuse(path, f"{where} is text", "ingest.timestamp_format")
    options = setting("ingest.timestamp_format", "%d/%m/%Y")
    shop.refuse(path, f"{where} does not have the format '%d/%m/%Y'", options=options)
    assert shop.train(path, *setting("ingest.timestamp_format", "iso"))


def test_integers_need_a_unit(shop):
    path = shop.write(timestamp=times(NOW_S))
    words = (f"{path}: column 'timestamp', row 0: is int64", "ingest.timestamp_unit")
    shop.refuse(path, *words)
    build = shop.train(path, *setting("ingest.timestamp_unit", "s"))
    assert build.manifest.rows["first_timestamp"] == NOW_S * 10**6


@pytest.mark.parametrize(
    ("true_unit", "read_as"),
    [("s", "ms"), ("s", "us"), ("s", "ns"), ("ms", "s"), ("us", "s"), ("ns", "s"), ("ns", "us")],
)
def test_wrong_unit(shop, true_unit, read_as):
    factor = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[true_unit]
    path = shop.write(timestamp=times(NOW_S * factor))
    words = ("400 timestamp ", "(wrong unit?)", f"{path}: column 'timestamp', row 0")
    shop.refuse(path, *words, options=setting("ingest.timestamp_unit", read_as))


def test_seconds_stored_as_milliseconds(shop):
    path = shop.write(timestamp=times(NOW_S).cast(pa.timestamp("ms")))
    words = ("400 timestamp before 1980 (wrong unit?)", f"{path}: column 'timestamp', row 0")
    shop.refuse(path, *words)


def test_times_in_the_future(shop):
    path = shop.write(timestamp=times(4 * 10**9).cast(pa.timestamp("s")))
    words = ("400 timestamp in the future", f"{path}: column 'timestamp', row 0")
    shop.refuse(path, *words)


@pytest.mark.parametrize("seconds", [0, 253_402_300_799, -(2**40)])
def test_one_impossible_time_among_good_ones_is_counted(shop, seconds):
    moments = np.full(N_ROWS, NOW_S)
    moments[3] = seconds
    rows = shop.train(shop.write(timestamp=times(moments).cast(pa.timestamp("s")))).manifest.rows
    assert rows["rows_used"] == N_ROWS - 1
    assert sum(rows["dropped"].values()) == 1
    assert rows["first_timestamp"] == rows["last_timestamp"] == NOW_S * 10**6
    assert next(iter(rows["examples"].values())).endswith("a.parquet: column 'timestamp', row 3")


@pytest.mark.parametrize(
    "kind",
    [pa.date32(), pa.timestamp("s"), pa.timestamp("ns"), pa.timestamp("ms", "Europe/Berlin")],
)
def test_times_of_every_type_train(shop, kind):
    moments = times(NOW_S).cast(pa.timestamp("s"))
    zone = getattr(kind, "tz", None)
    path = shop.write(timestamp=moments.cast(pa.timestamp("s", zone)).cast(kind))
    day = NOW_S - NOW_S % 86_400
    expected = day if pa.types.is_date(kind) else NOW_S
    assert shop.train(path).manifest.rows["first_timestamp"] == expected * 10**6


def test_times_of_a_kind_that_is_none(shop):
    path = shop.write(timestamp=pa.array([1] * N_ROWS, pa.time64("us")))
    words = (f"{path}: column 'timestamp', row 0: is time64[us]", "ingest.columns.timestamp = ''")
    shop.refuse(path, *words)


# too little


def test_one_user(shop):
    shop.refuse(shop.write(user_id=[1] * N_ROWS), "1 user;", "ingest.columns.user_id")


def test_one_article(shop):
    shop.refuse(shop.write(article_id=[1] * N_ROWS), "1 article;", "ingest.columns.article_id")


def test_more_components_than_articles_are_clipped_and_told(shop):
    result = shop.run(shop.write(), *setting("factorize.n_components", 60))
    assert result.exit_code == 0
    assert "n_components = 60 is more than the matrix of 40 users × 25 articles" in result.stderr
    manifest = load_build(shop.root).manifest
    assert any("n_components = 60" in note for note in manifest.notes)


# damage


@pytest.mark.parametrize("kept", [0, 1, 4, 0.5, -1])
def test_truncated_file_among_good_ones(shop, kept):
    path = [shop.write(f"{n}.parquet") for n in range(3)][1]
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])
    shop.refuse(shop.input, f"{path}: cannot be read", "write the file again")


@pytest.mark.parametrize("checksums", [False, True])
def test_flipped_bytes_among_good_files(shop, checksums):
    path = [shop.write(f"{n}.parquet") for n in range(3)][1]
    pq.write_table(pq.read_table(path), path, write_page_checksum=checksums)
    content = bytearray(path.read_bytes())
    content[4:60] = bytes(byte ^ 0xFF for byte in content[4:60])
    path.write_bytes(content)
    shop.refuse(shop.input, f"{path}: cannot be read", "write the file again")


def test_wrong_magic(shop):
    path = shop.write()
    path.write_bytes(path.read_bytes()[:-4] + b"PAR2")
    shop.refuse(path, f"{path}: cannot be read", "magic bytes")


def test_what_is_no_parquet_file(shop):
    path = shop.csv("user_id,article_id\n1,2\n", "a.parquet")
    shop.refuse(path, f"{path}: cannot be read", "ingest.format")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("user_id,article_id\n1,2\n1,2,3\n", "row 1: Expected 2 columns, got 3: 1,2,3"),
        ("user_id,article_id\n1,2\n1\n", "row 1: Expected 2 columns, got 1: 1"),
        (b"user_id,article_id\n1,2\n1,caf\xe9\n", "column 'article_id', row 1: is not UTF-8 text"),
        ("user_id,article_id\n1,2\n".encode("utf-16"), "the header is not UTF-8 text"),
    ],
)
def test_damaged_csv(shop, text, words):
    path = shop.csv(text)
    shop.refuse(path, f"{path}: ", words)


def test_truncated_gzip(shop):
    path = shop.csv(b"\x1f\x8b\x08\x00", "a.csv.gz")
    shop.refuse(path, f"{path}: cannot be read")


# places


def test_unknown_address(shop):
    shop.refuse("nosuchthing://bucket/x", "nosuchthing://bucket/x", "check the address")


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/cfdist"])
@pytest.mark.parametrize("key", ["publish.root", "runs.path"])
def test_output_that_cannot_be_written_is_found_before_the_input_is_read(shop, place, key):
    if place.startswith("/proc") and not Path("/proc").is_dir():
        pytest.skip("there is no /proc here")
    (shop.folder / "file").touch()
    place = str(shop.folder / place)
    missing = shop.input / "none.parquet"
    words = (f"{place} cannot be written", "runs.path=FOLDER" if key == "runs.path" else "--output")
    shop.refuse(missing, *words, options=setting(key, place), code=EXIT_CONFIG)


def test_scheduler_that_does_not_answer(shop):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    options = ("--cluster", address, *setting("cluster.timeout_s", 1))
    words = (f"no scheduler answers at {address} within 1 s", "dask scheduler")
    shop.refuse(shop.write(), *words, options=options, code=EXIT_TRY_LATER)


def test_program_at_the_address_that_says_nothing(shop):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        options = ("--cluster", address, *setting("cluster.timeout_s", 1))
        done = in_a_process(shop.arguments(shop.write(), *options), timeout=30)
    assert done.returncode == EXIT_TRY_LATER
    check_message(done.stderr, f"no scheduler answers at {address} within 1 s")


# settings


def test_unknown_setting_suggests_the_nearest(shop):
    options = setting("ingest.colums.user_id", "x")
    words = ("there is no setting 'ingest.colums'", "did you mean 'ingest.columns")
    shop.refuse(shop.write(), *words, options=options, code=EXIT_CONFIG)


def test_wrong_value_of_a_setting(shop):
    words = ("ingest.returns = 'nett'", "'drop' or 'net'", "cfdist config show")
    options = setting("ingest.returns", "nett")
    shop.refuse(shop.write(), *words, options=options, code=EXIT_CONFIG)


@pytest.mark.parametrize("text", ["ingest.returns", "=net", ""])
def test_wrong_syntax_of_set(shop, text):
    result = shop.run(shop.write(), "--set", text)
    assert result.exit_code == 2
    assert f"{text!r} is not SECTION.KEY=VALUE" in result.stderr
    assert not shop.root.exists()


# articles


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"id": [1]}, "there is no single column 'article_id'"),
        ({"article_id": ["1"]}, "column 'article_id' is string, the interactions have int64"),
        ({"article_id": [1.5]}, "column 'article_id', row 0: '1.5' is not a whole number"),
        ({"article_id": [1], "name": [[1]]}, "column 'name', row 0: is list"),
    ],
)
def test_table_of_articles_that_does_not_fit(shop, columns, words):
    table = shop.folder / "names.parquet"
    pq.write_table(pa.table(columns), table)
    shop.refuse(shop.write(), f"{table}: {words}", options=setting("ingest.articles", table))


# how it is told


def test_json_tells_errors_as_json(shop):
    path = shop.write(user_id=[1.5] * N_ROWS)
    result = shop.run(path, "--json")
    assert (result.exit_code, result.stderr) == (EXIT_DATA, "")
    told = json.loads(result.stdout)
    assert told["error"] == "DataError"
    assert told["exit_code"] == EXIT_DATA
    assert "row 0: '1.5' is not a whole number" in told["message"]
    assert told["remedy"]


def in_a_process(arguments: list[str], timeout: float = 120) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "cfdist.cli", *arguments]
    if not (ROOT / "cfdist" / "cli" / "__main__.py").exists():
        command[1:3] = ["-c", "from cfdist.cli import main; main()"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
    )


def test_worker_processes_add_nothing_to_the_message(shop):
    shop.write("a.parquet")
    bad = shop.write("b.parquet", article_id=[1.5] * N_ROWS)
    done = in_a_process(shop.arguments(f"file://{shop.input}", "--workers", "2"))
    assert (done.returncode, done.stdout) == (EXIT_DATA, "")
    check_message(done.stderr, f"{bad}: column 'article_id', row 0: '1.5' is not a whole number")
    note = "article_id: float ids that are whole numbers are read as int64"
    assert len(done.stderr.splitlines()) == 4  # this note, that of `auto`, error and remedy
    assert note in done.stderr


# real dirt


def retail(name: str) -> Path:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    return path


def mapping(columns: dict[str, str]) -> list[str]:
    pairs = [setting(f"ingest.columns.{role}", name) for role, name in columns.items()]
    return [word for pair in pairs for word in pair]


def test_online_retail_trains(shop):
    path = retail("online_retail.parquet")
    columns = RETAIL | {"user_id": "CustomerID", "basket_id": "InvoiceNo"}
    build = shop.train(path, *mapping(columns))
    frame = pq.read_table(path, columns=["CustomerID", "StockCode", "Quantity"]).to_pandas()
    rows, known = build.manifest.rows, frame["CustomerID"].notna()
    assert rows["rows_in"] == len(frame) == rows["rows_used"] + sum(rows["dropped"].values())
    assert rows["rows_used"] == (known & (frame["Quantity"] > 0)).sum()
    guests = rows["dropped"]["user missing (kept for baskets only)"]
    assert guests == (~known & (frame["Quantity"] > 0)).sum()
    assert rows["dropped"]["return (negative quantity)"] == (known & (frame["Quantity"] < 0)).sum()
    articles = build.arrow("articles")["article_id"].to_pylist()
    assert articles == sorted(frame.loc[known | (frame["Quantity"] > 0), "StockCode"].unique())
    assert "85123A" in articles
    users = build.arrow("users")["user_id"]
    assert users.type == pa.int64()
    assert len(users) == frame["CustomerID"].nunique()


def test_the_year_before_with_other_names_and_dates_as_text_trains(shop):
    path = retail("online_retail_ii_first_year.parquet")
    columns = mapping(RETAIL | {"user_id": "Customer ID", "basket_id": "Invoice"})
    shop.refuse(path, f"{path}: column 'InvoiceDate', row 0", "is text", options=columns)
    build = shop.train(path, *columns, *setting("ingest.timestamp_format", "iso"))
    rows = build.manifest.rows
    assert rows["rows_in"] == 525_461 == rows["rows_used"] + sum(rows["dropped"].values())
    first = np.datetime64(rows["first_timestamp"], "us")
    assert str(first) == "2009-12-01T07:45:00.000000"


def test_both_years_together_are_refused_by_name(shop):
    first, second = (retail(f"online_retail{part}.parquet") for part in ("", "_ii_first_year"))
    for path in (first, second):
        (shop.input / path.name).symlink_to(path)
    columns = mapping(RETAIL | {"user_id": "CustomerID", "basket_id": "InvoiceNo"})
    words = (f"{second.name}: there is no column 'CustomerID'", "did you mean 'Customer ID'")
    shop.refuse(shop.input, *words, options=columns)
