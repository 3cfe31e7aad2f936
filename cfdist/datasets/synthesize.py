"""Writes the interactions of a synthetic shop of any size, in memory that does not depend on it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cfdist.datasets.catalogue import articles_table
from cfdist.datasets.layout import ARTICLES_FILE, INTERACTIONS, INTERACTIONS_FILE, written_whole
from cfdist.datasets.shop import Shop, plan_shop
from cfdist.errors import ConfigError
from cfdist.schema import ARTICLE_ID, QUANTITY

ROWS_PER_CHUNK = 2**20


@dataclass(frozen=True)
class SyntheticData:
    """What `synthesize` wrote.

    Parameters
    ----------
    path : Path
        What to train on: a file, or a folder of parts.
    rows : int
        Interactions written.
    files : tuple of Path
        The file or the parts.
    articles : Path
        Names, categories and brands of the articles.
    """

    path: Path
    rows: int
    files: tuple[Path, ...]
    articles: Path


def synthesize(
    output: Path | str,
    *,
    n_users: int,
    n_articles: int,
    n_interactions: int,
    seed: int = 0,
    n_taste_groups: int = 40,
    rows_per_chunk: int = ROWS_PER_CHUNK,
) -> SyntheticData:
    """Interactions of a made-up shop with the long tails of a real one, written to `output`.

    Few articles take most of the rows, most users have one to three, many users share the same
    articles, and users of one taste group buy alike. ``articles.parquet`` is written beside.

    Parameters
    ----------
    output : Path or str
        A file if it ends with ``.parquet``, replaced if it exists; else a new or empty folder,
        which gets ``part-00000.parquet`` and so on.
    n_users, n_articles : int
        How many there are; each occurs, unless there are fewer interactions than that.
    n_interactions : int
        Rows, to the row.
    seed : int
        The rows depend on the sizes, on `n_taste_groups` and on the seed, on nothing else.
    n_taste_groups : int
        Groups of articles with common buyers.
    rows_per_chunk : int
        Rows of a row group of the file, or of a part of the folder.

    Returns
    -------
    SyntheticData
        Paths and number of rows.

    Raises
    ------
    ConfigError
        If a size is out of range or the folder holds something already.

    Notes
    -----
    One chunk and one block of users are held at a time. One core writes about 3 million rows a
    second.
    """
    path = Path(output)
    shop = plan_shop(n_users, n_articles, n_interactions, n_taste_groups, seed)
    _check_layout(path, rows_per_chunk)
    chunks = _rechunk(shop.blocks(), rows_per_chunk)
    with written_whole(path) as partial:
        names = _write_file(partial, chunks) if _is_file(path) else _write_folder(partial, chunks)
    articles = _write_articles(path.with_name(ARTICLES_FILE), shop)
    files = tuple(path / name for name in names) if names else (path,)
    return SyntheticData(path, shop.n_interactions, files, articles)


def _check_layout(path: Path, rows_per_chunk: int) -> None:
    if rows_per_chunk < 1:
        raise ConfigError(f"rows_per_chunk is {rows_per_chunk}, and must be at least 1")
    if path.name == ARTICLES_FILE:
        raise ConfigError(
            f"{ARTICLES_FILE} is the name of the file with the articles",
            remedy=f"call the interactions {INTERACTIONS_FILE}",
        )


def _is_file(path: Path) -> bool:
    return path.suffix == ".parquet"


def _write_file(path: Path, chunks: Iterable[pa.Table]) -> list[str]:
    with pq.ParquetWriter(path, INTERACTIONS, use_dictionary=[ARTICLE_ID, QUANTITY]) as writer:
        for chunk in chunks:
            writer.write_table(chunk, row_group_size=len(chunk))
    return []


def _write_folder(path: Path, chunks: Iterable[pa.Table]) -> list[str]:
    path.mkdir()
    names = []
    for number, chunk in enumerate(chunks):
        names.append(f"part-{number:05d}.parquet")
        _write_file(path / names[-1], [chunk])
    return names


def _write_articles(path: Path, shop: Shop) -> Path:
    with written_whole(path) as partial:
        pq.write_table(articles_table(shop.n_articles, shop.n_taste_groups), partial)
    return path


def _rechunk(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Regroup the same rows into tables of `rows` rows; the last may be shorter."""
    held = INTERACTIONS.empty_table()
    for table in tables:
        held = pa.concat_tables([held, table])
        while len(held) >= rows:
            yield held.slice(0, rows)
            held = held.slice(rows)
    if len(held):
        yield held
