"""What a data set looks like on disk, and how its files appear there: whole, or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa

from cfdist.errors import ConfigError
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

INTERACTIONS_FILE: Final = "user_item_interactions.parquet"
ARTICLES_FILE: Final = "articles.parquet"

INTERACTIONS: Final = pa.schema(
    {
        USER_ID: pa.int64(),
        ARTICLE_ID: pa.int64(),
        BASKET_ID: pa.int64(),
        QUANTITY: pa.int64(),
        TIMESTAMP: pa.timestamp("us"),
    }
)
ARTICLES: Final = pa.schema(
    {ARTICLE_ID: pa.int64(), NAME: pa.string(), CATEGORY: pa.string(), BRAND: pa.string()}
)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Temporary path beside `path`, which takes its place when the block ends well.

    Parameters
    ----------
    path : Path
        A file, which is replaced, or a folder, which must be new or empty.

    Raises
    ------
    ConfigError
        If `path` is a folder that holds something: other files would mix with the new parts.
    """
    if path.is_dir() and any(path.iterdir()):
        raise ConfigError(
            f"{path} is a folder that is not empty",
            remedy="choose a new folder, or a file name that ends with .parquet",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
