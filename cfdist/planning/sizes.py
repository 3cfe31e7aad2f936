"""Sizes of a job, from ids of some rows and whole histories of some users."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.algorithms.hashing import SAMPLE_SEED, hash_rows
from cfdist.algorithms.interactions import run_starts
from cfdist.algorithms.profiles import group_equal
from cfdist.algorithms.sampling import WHOLE_RANGE, hash_user_or_basket
from cfdist.config import Config
from cfdist.plan import Sizes
from cfdist.plan.sizes import assumed_search_share
from cfdist.planning.growth import POINTS, grown
from cfdist.planning.rows import Rows, first_parts, mean_bytes, read_rows

MAX_ROWS = 5_000_000
SAMPLE_ROWS = 2_000_000
QUICK_SAMPLE_ROWS = 200_000
WHOLE_SHARE = 0.98
"""Users grow with the rows from here on: what was read has whole histories. Below, histories are
cut, and more alike than they are, so that all count as distinct."""

Int = NDArray[np.int64]


@dataclass(frozen=True)
class Measured:
    """Sizes, and what they were measured on.

    Attributes
    ----------
    scope : str
        Which rows were read; empty: all.
    n_sampled_users : int
        Users whose histories were looked at.
    histories : CsrBlock
        Of those users, counts; columns are numbered by first appearance.
    """

    sizes: Sizes
    scope: str
    n_sampled_users: int
    histories: CsrBlock


def measure_sizes(config: Config, *, quick: bool = False) -> Measured:
    """Sizes of the job that the settings describe.

    Parameters
    ----------
    quick : bool
        Look at fewer histories: a quarter of a second where the whole takes one.

    Raises
    ------
    DataError
        What ingest would refuse.

    Notes
    -----
    At most five million rows are read. Users, articles and baskets of the rest follow from how
    their number grew; pairs, histories and baskets come from all rows of the users whose
    sampling hash is lowest, so that what is estimated is exact where all users are taken.
    """
    rows = read_rows(config.ingest, MAX_ROWS)
    counted = _count(rows, QUICK_SAMPLE_ROWS if quick else SAMPLE_ROWS, config)
    sizes = counted.sizes
    wanted = _sampled_users(config, sizes.users)
    return Measured(
        sizes.with_users(wanted), rows.scope, counted.n_sampled_users, counted.histories
    )


def _sampled_users(config: Config, n_users: int) -> int:
    ingest = config.ingest
    if ingest.sample_percent >= 100 or ingest.sample_by == "interactions":
        return n_users
    return min(n_users, max(ingest.min_sample_users, round(n_users * ingest.sample_percent / 100)))


def _count(rows: Rows, sample_rows: int, config: Config) -> Measured:
    seen = _distinct(rows.user, rows.factor)
    users = max(1, grown(seen, rows.factor))
    are_whole = users >= WHOLE_SHARE * rows.factor * seen[-1]
    articles = grown(_distinct(rows.article, rows.factor), rows.factor)
    share = min(1.0, sample_rows / len(rows.user))
    sample = _sample(rows, share)
    user, article = _codes(sample[0]), _codes(sample[1])
    basket, bought = _basket_codes(user, sample[2]), np.asarray(sample[3])
    known = user >= 0
    histories = _histories(user[known], article[known])
    scaled = rows.factor / share
    n_sampled = max(1, histories.shape[0])
    pairs = histories.nnz / share
    if rows.factor > 1:
        pairs = _grown_pairs(user, article, rows.factor) / share
    sizes_of_baskets = _basket_sizes(basket[bought], article[bought])
    small = sizes_of_baskets[sizes_of_baskets <= config.ingest.max_basket_articles]
    sizes = Sizes(
        rows=rows.n_rows,
        rows_read=rows.n_rows,
        file_bytes=rows.file_bytes,
        read_tasks=rows.read_tasks,
        users=users,
        articles=articles,
        pairs=max(users, round(pairs)),
        profiles=_profiles(histories, users) if are_whole else users,
        baskets=round(len(small) * scaled),
        basket_entries=round(small.sum() * scaled),
        basket_work=round(np.square(small).sum() * scaled),
        search_share=assumed_search_share(users),
        user_id_bytes=mean_bytes(rows.user),
        article_id_bytes=mean_bytes(rows.article),
        basket_id_bytes=mean_bytes(rows.basket) if rows.has_basket_ids else 0.0,
        text_columns=sum(
            not pa.types.is_integer(column.type)
            for column in (rows.user, rows.article, rows.basket)
        ),
        time_text_bytes=rows.time_text_bytes,
    )
    return Measured(sizes, rows.scope, n_sampled, histories)


def _distinct(ids: pa.Array, factor: float) -> list[int]:
    """Distinct ids in the first quarter, half and all of the rows; in all where nothing grows."""
    if factor <= 1:
        return [pc.count_distinct(ids).as_py()] * len(POINTS)
    return [pc.count_distinct(ids.slice(0, int(n))).as_py() for n in first_parts(len(ids), POINTS)]


def _sample(rows: Rows, share: float) -> tuple[pa.Array, ...]:
    """All rows of the users (or baskets) with the lowest hashes."""
    columns = (rows.user, rows.article, rows.basket, rows.bought)
    if share >= 1:
        return columns
    baskets = rows.basket if rows.has_basket_ids else None
    hashes = hash_user_or_basket(rows.user, baskets, SAMPLE_SEED)
    mask = pa.array(hashes < np.uint64(int(WHOLE_RANGE * share)))
    return tuple(column.filter(mask) for column in columns)


def _codes(ids: pa.Array) -> Int:
    """Number of each id by first appearance; −1 for none."""
    encoded = pc.dictionary_encode(ids)
    return np.asarray(encoded.indices.fill_null(-1), dtype=np.int64)


def _basket_codes(user: Int, basket: pa.Array) -> Int:
    """Number of each row's basket: of a user, and of its basket id or day."""
    code = _codes(basket)
    return np.asarray((user + 1) * (code.max(initial=0) + 2) + code + 1)


def _histories(user: Int, article: Int) -> CsrBlock:
    """Counts of the pairs of users and articles."""
    n_users, n_articles = (int(codes.max(initial=-1)) + 1 for codes in (user, article))
    pairs, counts = np.unique(user * max(1, n_articles) + article, return_counts=True)
    row, column = np.divmod(pairs, max(1, n_articles))
    indptr = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=n_users))))
    return CsrBlock(
        np.log1p(counts).astype(np.float32), column.astype(np.int32), indptr.astype(np.int64),
        (n_users, n_articles),
    )  # fmt: skip


def _grown_pairs(user: Int, article: Int, factor: float) -> int:
    known = user >= 0
    codes = user[known] * (article.max(initial=0) + 1) + article[known]
    counts = [len(np.unique(codes[: int(n)])) for n in first_parts(len(codes), POINTS)]
    return grown(counts, factor)


def _basket_sizes(basket: Int, article: Int) -> Int:
    """Distinct articles of every basket."""
    width = article.max(initial=0) + 1
    entries = np.sort(basket * width + article)  # np.unique is slower, as it hashes
    entries = entries[np.append(True, entries[1:] != entries[:-1])] if len(entries) else entries
    starts = run_starts(entries // width)
    return np.diff(np.append(starts, len(entries)))


def _profiles(histories: CsrBlock, users: int) -> int:
    """Distinct histories of all users, from those of some."""
    hashes = hash_rows(histories.indptr, histories.indices, histories.data)
    n = len(hashes)
    points = first_parts(n, POINTS)
    counts = [len(group_equal(hashes[: int(part)])[1]) for part in points]
    return min(users, grown(counts, users / max(1, n)))
