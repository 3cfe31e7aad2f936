"""Which rows of a block are held out to be predicted, and which ones the model may see."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cfdist.algorithms.hashing import hash_ids, splitmix64
from cfdist.algorithms.interactions import InteractionBlock, run_starts


class Masks(NamedTuple):
    """What becomes of the rows of a block.

    Attributes
    ----------
    train : bool ``(n_rows,)`` rows that the model sees
    test : bool ``(n_rows,)`` purchases (quantity > 0) that are held out

    Notes
    -----
    No row is both. A row may be neither: one that comes after a window, or a return of something
    that is held out, which would tell the model what it is to predict.
    """

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


class _Pairs(NamedTuple):
    """The distinct purchased articles of every user, sorted by (user, article)."""

    user: NDArray[np.int32]
    article: NDArray[np.int32]
    first_us: NDArray[np.int64]


def by_date(block: InteractionBlock, from_us: int, until_us: int) -> Masks:
    """Train: rows before ``from_us``. Held out: purchases from then on and before ``until_us``.

    Rows without a user follow the date as well, so that later baskets can be predicted.
    """
    in_window = (block.timestamp >= from_us) & (block.timestamp < until_us)
    return Masks(block.timestamp < from_us, in_window & (block.quantity > 0))


def last_k(block: InteractionBlock, k: int) -> Masks:
    """Held out: of each user the ``k`` articles whose first purchase is newest.

    Ties go to the lower article code, which is the lower id. All purchases of these articles are
    held out. Every user keeps one article at least, so users with a single one are not judged.
    Rows without a user stay in train, and so does a return that came before the first purchase.
    """
    pairs = _purchased_pairs(block)
    n_articles = _articles_per_user(block, pairs)
    held = _first_of_each_user(pairs, -pairs.first_us, np.minimum(k, n_articles - 1))
    pair = _pair_of_rows(block, pairs)
    of_held = held[pair]
    later = block.timestamp >= np.append(pairs.first_us, 0)[pair]
    return Masks(~(of_held & later), of_held & (block.quantity > 0))


def random_share(block: InteractionBlock, share: float, seed: int) -> Masks:
    """Held out: of each user a share of its articles, by hash of user id, article id and seed.

    Of ``n`` purchased articles ``share · n`` are held out, rounded (halves up), at least one and
    at most ``n − 1``; a user with one article keeps it. All purchases of a held-out article go
    together. Rows without a user stay in train. The choice depends on nothing else: neither on
    other users nor on files, blocks or the order of rows.
    """
    pairs = _purchased_pairs(block)
    n_articles = _articles_per_user(block, pairs)
    wanted = np.floor(share * n_articles + 0.5).astype(np.int64)
    n_held = np.minimum(np.maximum(wanted, 1), n_articles - 1)
    held = _first_of_each_user(pairs, _hash_pairs(block, pairs, seed), n_held)
    pair = _pair_of_rows(block, pairs)
    of_held = held[pair]
    return Masks(~of_held, of_held & (block.quantity > 0))


def take(block: InteractionBlock, kept: NDArray[np.bool_]) -> InteractionBlock:
    """The block of the marked rows alone: ids without a row are gone, codes renumbered.

    It is what :func:`~cfdist.algorithms.interactions.sort_block` makes of these rows, with the
    codes of baskets numbered without gaps; the order of the rows is kept.
    """
    users, user = _renumber(block.user[kept], len(block.user_ids))
    articles, article = _renumber(block.article[kept], len(block.article_ids))
    n_baskets = int(block.basket.max(initial=-1)) + 1
    return InteractionBlock(
        block.user_ids.take(pa.array(users)),
        block.article_ids.take(pa.array(articles)),
        user,
        article,
        _renumber(block.basket[kept], n_baskets)[1],
        block.quantity[kept],
        block.timestamp[kept],
    )


def _renumber(
    codes: NDArray[np.int32], n_codes: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Codes that occur, ascending, and the position of each code among them; −1 stays."""
    occurs = np.zeros(n_codes + 1, dtype=bool)
    occurs[codes] = True  # −1 marks the extra place at the end
    occurs[n_codes] = False
    place = (np.cumsum(occurs) - 1).astype(np.int32)
    place[n_codes] = -1
    return np.flatnonzero(occurs), place[codes]


def _purchased_pairs(block: InteractionBlock) -> _Pairs:
    bought = np.flatnonzero((block.quantity > 0) & (block.user >= 0))
    first = bought[run_starts(block.user[bought], block.article[bought])]
    return _Pairs(block.user[first], block.article[first], block.timestamp[first])


def _articles_per_user(block: InteractionBlock, pairs: _Pairs) -> NDArray[np.int64]:
    return np.bincount(pairs.user, minlength=len(block.user_ids)).astype(np.int64)


def _first_of_each_user(
    pairs: _Pairs, key: NDArray[np.generic], n_wanted: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mask of each user's pairs with the lowest ``key``; one False more, for rows without pair."""
    order = np.lexsort((pairs.article, key, pairs.user))
    starts = run_starts(pairs.user)
    lengths = np.diff(np.append(starts, len(pairs.user)))
    rank = np.arange(len(pairs.user)) - np.repeat(starts, lengths)
    chosen = np.zeros(len(pairs.user) + 1, dtype=bool)
    chosen[order] = rank < n_wanted[pairs.user]
    return chosen


def _pair_of_rows(block: InteractionBlock, pairs: _Pairs) -> NDArray[np.int64]:
    """Pair of each row; −1 without a user, and where the user never purchased the article."""
    width = max(len(block.article_ids), 1)
    known = pairs.user.astype(np.int64) * width + pairs.article
    wanted = block.user.astype(np.int64) * width + block.article
    place = np.searchsorted(known, wanted)
    found = np.append(known, -1)[place] == wanted
    return np.where(found & (block.user >= 0), place, -1)


def _hash_pairs(block: InteractionBlock, pairs: _Pairs, seed: int) -> NDArray[np.uint64]:
    users = hash_ids(block.user_ids, seed)[pairs.user]
    articles = hash_ids(block.article_ids, seed)[pairs.article]
    mixed = splitmix64(articles.view(np.int64), seed)
    return splitmix64((users ^ mixed).view(np.int64), seed)
