"""What a table of interactions holds, in one pass over its parts and in bounded memory."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cfdist.algorithms.hashing import hash_ids, splitmix64
from cfdist.config import Columns as ColumnNames
from cfdist.config import IngestSettings
from cfdist.errors import DataError
from cfdist.input.check import (
    DAY_US,
    RETURNED,
    USER_MISSING,
    USER_MISSING_NO_BASKET,
    Columns,
    RowCounts,
    check_rows,
)
from cfdist.input.guess import fits_format
from cfdist.input.read import read_part
from cfdist.input.source import (
    Part,
    file_format,
    list_files,
    open_file,
    open_source,
    read_schema,
    reading,
)
from cfdist.schema import BASKET_ID, TIMESTAMP

SAMPLE_ROWS = 20_000
MAX_ROWS = 20_000_000
MAX_ENTRIES = 2**21
_FILES_COMPARED = 8

Hashes = NDArray[np.uint64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Spread:
    """Median, 90th percentile and maximum of a count."""

    median: int
    p90: int
    max: int


@dataclass(frozen=True)
class Profile:
    """Figures of an input, for people; the pipeline counts for itself.

    Attributes
    ----------
    scope : str
        Which rows were read; empty: all.
    estimated : bool
        Users, pairs, baskets or lines were too many to hold: such figures come from a fair share
        of the users, baskets or lines.
    dropped : dict
        Reason → rows that are not used.
    first_date, last_date : str, optional
        ISO 8601.
    n_users, n_articles, n_pairs, density
        Of all usable rows, returned or not.
    interactions_per_user, repeated_share, top_ten_share
        Of purchases by known users; repeated: of a (user, article) pair seen before.
    basket_kind : str
        What one basket is: ``basket_id``, or words for what stands in for it.
    large_basket_share : float
        Share of baskets over ``ingest.max_basket_articles``.
    """

    scope: str
    estimated: bool
    rows_in: int
    rows_used: int
    dropped: dict[str, int]
    first_date: str | None
    last_date: str | None
    n_users: int
    n_users_with_one_article: int
    n_articles: int
    n_pairs: int
    density: float
    interactions_per_user: Spread
    repeated_share: float
    duplicate_share: float
    top_ten_share: float
    n_null_users: int
    n_returns: int
    basket_kind: str
    n_baskets: int
    n_null_baskets: int
    articles_per_basket: Spread
    large_basket_share: float


class HashedCounts:
    """Counts per (owner, key): of all owners, or of those whose hash lies below a threshold.

    The threshold halves whenever there are more than ``max_entries`` pairs. Memory is bounded so,
    and what is left is a fair sample of the owners, each with all of its keys.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self.share = 1.0
        self._max_entries = max_entries
        self._owner = self._key = np.empty(0, dtype=np.uint64)
        self._count = np.empty(0, dtype=np.int64)

    def add(self, owner: Hashes, key: Hashes, count: Counts | None = None) -> None:
        """Count rows, each once unless ``count`` says otherwise; a key belongs to one owner."""
        if count is None:
            count = np.ones(len(key), dtype=np.int64)
        kept = self._below_threshold(owner)
        key = np.concatenate([self._key, key[kept]])
        if not len(key):
            return
        order = np.argsort(key)
        key = key[order]
        first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        self._key = key[first]
        self._owner = np.concatenate([self._owner, owner[kept]])[order][first]
        self._count = np.add.reduceat(np.concatenate([self._count, count[kept]])[order], first)
        while len(self._key) > self._max_entries:
            self.share /= 2
            kept = self._below_threshold(self._owner)
            self._owner, self._key = self._owner[kept], self._key[kept]
            self._count = self._count[kept]

    @property
    def counts(self) -> Counts:
        """Rows of each pair of the sampled owners."""
        return self._count

    @property
    def n_pairs(self) -> int:
        """Distinct pairs, scaled up to all owners."""
        return self.scaled(len(self._key))

    @property
    def repeated_share(self) -> float:
        """Share of the rows whose pair was counted before."""
        n_rows = int(self._count.sum())
        return 1 - int(np.count_nonzero(self._count)) / n_rows if n_rows else 0.0

    def per_owner(self) -> tuple[Counts, Counts]:
        """Keys and rows of each sampled owner."""
        order = np.argsort(self._owner)
        owner = self._owner[order]
        first = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]])[: len(owner)])
        if not len(first):
            return self._count, self._count
        keys = np.diff(np.append(first, len(owner)))
        return keys, np.add.reduceat(self._count[order], first)

    def scaled(self, number: int) -> int:
        """A number of sampled things as one of all things."""
        return round(number / self.share)

    def _below_threshold(self, owner: Hashes) -> NDArray[np.bool_]:
        return np.asarray(owner <= np.uint64(int(2**64 * self.share) - 1))


class Sample(NamedTuple):
    """The start of an input.

    Attributes
    ----------
    schema : pa.Schema
        Columns that its files share, as stored.
    rows : pa.Table
        The first rows of the first file.
    is_csv : bool
        All columns are text then.
    difference : str
        Columns that only some of the files have, in words; empty where they agree.
    """

    schema: pa.Schema
    rows: pa.Table
    is_csv: bool
    difference: str


def read_sample(settings: IngestSettings) -> Sample:
    """The first rows of an input and the columns that its files share.

    Raises
    ------
    DataError
        There is no file, or one cannot be read.
    """
    urls = list_files(settings)
    compared = urls[:: ceil(len(urls) / _FILES_COMPARED)]
    schemas = {url: read_schema(url, settings) for url in compared}
    first, *others = schemas.values()
    names = set(first.names).intersection(*(other.names for other in others))
    shared = pa.schema([column for column in first if column.name in names])
    is_csv = file_format(urls[0], settings) == "csv"
    rows = _first_rows(urls[0], shared, settings)
    return Sample(shared, rows, is_csv, _difference(schemas, names))


def _difference(schemas: Mapping[str, pa.Schema], shared: set[str]) -> str:
    """What the first few files have alone; empty where all have the same columns."""
    alone = {
        ", ".join(name for name in schema.names if name not in shared): url
        for url, schema in schemas.items()
    }
    if len(alone) == 1:
        return ""
    told = [f"{url} has {names}" for names, url in list(alone.items())[:3] if names]
    return f"not all files have the same columns: {'; '.join(told)}"


class _EveryColumn(ColumnNames):
    """Columns under their own names."""

    names: tuple[str, ...]

    def named(self) -> dict[str, str]:
        return {name: name for name in self.names}


def _first_rows(url: str, schema: pa.Schema, settings: IngestSettings) -> pa.Table:
    names = tuple(name for name in schema.names if schema.names.count(name) == 1)
    if file_format(url, settings) == "csv":
        part = Part(url, "csv", hive=_hive_values(url))
        tables = read_part(part, _EveryColumn(names=names), settings)
        found = next((table for _, table in tables), None)
    else:
        found = _first_batch(url, names, settings)
    nothing = pa.schema([schema.field(name) for name in names]).empty_table()
    return nothing if found is None else found.slice(0, SAMPLE_ROWS)


def _first_batch(url: str, names: tuple[str, ...], settings: IngestSettings) -> pa.Table | None:
    """The start of a parquet file; the rest of its first row group is not decoded."""
    hive = _hive_values(url)
    with reading(url), open_file(url, settings) as handle:
        file = pq.ParquetFile(handle)
        present = [name for name in names if name in file.schema_arrow.names]
        batch = next(file.iter_batches(SAMPLE_ROWS, columns=present), None)
    if batch is None:
        return None
    columns = {name: batch[name] for name in present}
    for name in names:
        if name not in columns:
            columns[name] = pa.repeat(hive[name], batch.num_rows)
    return pa.table(columns)


def _hive_values(url: str) -> dict[str, str]:
    return dict(piece.split("=", 1) for piece in url.split("/")[:-1] if "=" in piece)


def settle_formats(settings: IngestSettings, formats: tuple[str, ...]) -> tuple[str, ...]:
    """Those formats that fit all timestamps, read until a single one is left.

    Raises
    ------
    DataError
        A file cannot be read.
    """
    source = open_source(settings)
    n_rows = 0
    for part in source.parts:
        for _, table in read_part(part, source.columns, settings, (TIMESTAMP,)):
            texts = table[TIMESTAMP].combine_chunks().cast(pa.string())
            fitting = tuple(pattern for pattern in formats if fits_format(texts, pattern))
            formats = fitting or formats  # where none fits, the check names the row
            n_rows += table.num_rows
            if not fitting or len(formats) == 1 or n_rows >= MAX_ROWS:
                return formats
    return formats


def profile_input(settings: IngestSettings, now_us: int | None = None) -> Profile:
    """Figures of the whole input, or of 20 million of its rows.

    Parameters
    ----------
    settings : IngestSettings
        The columns and how they are read; sampling is not applied.
    now_us : int, optional
        Microseconds since 1970 UTC after which a timestamp lies in the future; the clock's.

    Raises
    ------
    DataError
        What ingest would refuse; no row, or no row that can be used.

    Notes
    -----
    One part at a time and five tables of at most 2²¹ entries, about 50 MB each. A million rows
    take about a second on one core.
    """
    source = open_source(settings)
    parts, scope = _choose_parts(source.parts)
    now_us = now_us if now_us is not None else int(time.time() * 1e6)
    counts, tallies, null_baskets = RowCounts(), _Tallies(), 0
    for part in parts:
        for where, table in read_part(part, source.columns, settings):
            if part.rows is None and counts.rows_in >= MAX_ROWS:
                scope = f"the first {counts.rows_in:,} rows"
                break
            rows, read = check_rows(table, where, source.id_types, settings, now_us)
            counts.add(read)
            tallies.add(rows)
            null_baskets += rows.basket_id.null_count if rows.basket_id is not None else 0
    _require_rows(counts, settings)
    return _summarize(tallies, counts, source.columns, settings, scope, null_baskets)


def _choose_parts(parts: list[Part]) -> tuple[list[Part], str]:
    """Parts of at most 20 million rows, spread evenly, and what to say of them."""
    n_rows = sum(part.rows or 0 for part in parts)
    if n_rows <= MAX_ROWS:
        return parts, ""
    number = max(1, len(parts) * MAX_ROWS // n_rows)
    chosen = [parts[place * len(parts) // number] for place in range(number)]
    n_chosen = sum(part.rows or 0 for part in chosen)
    return chosen, f"{number} of {len(parts)} parts, {n_chosen:,} of {n_rows:,} rows"


def _require_rows(counts: RowCounts, settings: IngestSettings) -> None:
    if counts.rows_in == 0:
        raise DataError(f"{settings.input}: there are no rows", remedy="check the input")
    if counts.rows_used == 0:
        reasons = "; ".join(f"{rows:,} {reason}" for reason, rows in counts.dropped.items())
        remedy = "another column may be meant: see --user, --article, --quantity, --timestamp"
        raise DataError(f"{settings.input}: no row can be used: {reasons}", remedy=remedy)


class _Tallies:
    """What is counted of every row."""

    def __init__(self) -> None:
        self.users, self.articles, self.pairs, self.baskets, self.lines = (
            HashedCounts(MAX_ENTRIES) for _ in range(5)
        )

    def add(self, rows: Columns) -> None:
        known = np.asarray(rows.user_id.is_valid())
        bought = rows.quantity > 0
        user, article = _hashes(rows.user_id), _hashes(rows.article_id)
        basket = (rows.timestamp // DAY_US).view(np.uint64)
        if rows.basket_id is not None:
            without = np.asarray(rows.basket_id.is_null())
            basket = np.where(without, basket, _hashes(rows.basket_id))
        pair = _mixed(user, article)
        purchase = (bought & known).astype(np.int64)
        self.users.add(user[known], user[known])
        self.articles.add(article, article, purchase)
        self.pairs.add(user[known], pair[known], purchase[known])
        owner = _mixed(user, basket)[bought]
        self.baskets.add(owner, _mixed(owner, article[bought]))
        values = (rows.quantity.view(np.uint64), rows.timestamp.view(np.uint64))
        line = _mixed(pair, basket, *values)
        self.lines.add(line, line)


def _hashes(ids: pa.Array) -> Hashes:
    """Hash of each id, 0 where it is missing."""
    hashes = np.zeros(len(ids), dtype=np.uint64)
    hashes[np.asarray(ids.is_valid())] = hash_ids(ids.drop_null())
    return hashes


def _mixed(first: Hashes, *others: Hashes) -> Hashes:
    for other in others:
        first = splitmix64((first ^ splitmix64(other.view(np.int64))).view(np.int64))
    return first


def _summarize(
    tallies: _Tallies,
    counts: RowCounts,
    columns: ColumnNames,
    settings: IngestSettings,
    scope: str,
    null_baskets: int,
) -> Profile:
    articles_each, purchases_each = tallies.pairs.per_owner()
    basket_sizes = tallies.baskets.per_owner()[0]
    n_users, n_articles = tallies.users.n_pairs, tallies.articles.n_pairs
    n_pairs = tallies.pairs.n_pairs
    popular = np.sort(tallies.articles.counts)[::-1]
    dropped = counts.dropped
    without_basket = "what a user takes on a day" if columns.timestamp else "all that a user took"
    return Profile(
        scope=scope,
        estimated=any(tally.share < 1 for tally in vars(tallies).values()),
        rows_in=counts.rows_in,
        rows_used=counts.rows_used,
        dropped=dict(sorted(dropped.items(), key=lambda item: -item[1])),
        first_date=_date(counts.first_timestamp),
        last_date=_date(counts.last_timestamp),
        n_users=n_users,
        n_users_with_one_article=tallies.pairs.scaled(int(np.count_nonzero(articles_each == 1))),
        n_articles=n_articles,
        n_pairs=n_pairs,
        density=n_pairs / max(1, n_users * n_articles),
        interactions_per_user=_spread(purchases_each[purchases_each > 0]),
        repeated_share=tallies.pairs.repeated_share,
        duplicate_share=tallies.lines.repeated_share,
        top_ten_share=float(popular[:10].sum() / max(1, popular.sum())),
        n_null_users=dropped.get(USER_MISSING, 0) + dropped.get(USER_MISSING_NO_BASKET, 0),
        n_returns=dropped.get(RETURNED, 0),
        basket_kind=BASKET_ID if columns.basket_id else without_basket,
        n_baskets=tallies.baskets.scaled(len(basket_sizes)),
        n_null_baskets=null_baskets,
        articles_per_basket=_spread(basket_sizes),
        large_basket_share=float(np.mean(basket_sizes > settings.max_basket_articles))
        if len(basket_sizes)
        else 0.0,
    )


def _spread(values: Counts) -> Spread:
    if not len(values):
        return Spread(0, 0, 0)
    median, p90 = np.quantile(values, (0.5, 0.9), method="inverted_cdf")
    return Spread(int(median), int(p90), int(values.max()))


def _date(micros: int | None) -> str | None:
    return None if micros is None else str(np.datetime64(micros, "us").astype("datetime64[s]"))
