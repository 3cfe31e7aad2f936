"""What a table of interactions holds, in one pass over its parts and in bounded memory."""

import time
from dataclasses import dataclass

import numpy as np

from cfdist.errors import DataError
from cfdist.input.check import (
    RETURNED,
    USER_MISSING,
    USER_MISSING_NO_BASKET,
    RowCounts,
    check_rows,
)
from cfdist.input.read import read_part
from cfdist.input.source import Part, open_source
from cfdist.input.tally import Counts, Tallies
from cfdist.schema import BASKET_ID
from cfdist.settings import Columns as ColumnNames
from cfdist.settings import IngestSettings

MAX_ROWS = 20_000_000


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
    counts, tallies, null_baskets = RowCounts(), Tallies(), 0
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


def _summarize(
    tallies: Tallies,
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
