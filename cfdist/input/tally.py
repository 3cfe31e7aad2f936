"""Tables that count users, articles, pairs, baskets and lines by their hash, in bounded memory."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cfdist.algorithms.hashing import hash_ids, splitmix64
from cfdist.input.check import DAY_US, Columns

MAX_ENTRIES = 2**21

Hashes = NDArray[np.uint64]
Counts = NDArray[np.int64]


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


class Tallies:
    """What is counted of every row."""

    def __init__(self) -> None:
        self.users, self.articles, self.pairs, self.baskets, self.lines = (
            HashedCounts(MAX_ENTRIES) for _ in range(5)
        )

    def add(self, rows: Columns) -> None:
        """Count checked rows; popularity, purchases and baskets leave returns out."""
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
