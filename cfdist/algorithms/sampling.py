"""Samples by hash: a function of the rows alone, however the input is cut into files."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cfdist.algorithms.hashing import SAMPLE_SEED, hash_ids, splitmix64
from cfdist.algorithms.namespace import namespace_of

WHOLE_RANGE = 2**64


def hash_user_or_basket(users: pa.Array, baskets: pa.Array | None, seed: int) -> NDArray[np.uint64]:
    """Hash of each row's user; of its basket where it has no user."""
    if users.null_count == 0 or baskets is None:
        return hash_ids(users, seed)
    no_user = np.asarray(users.is_null())
    hashes = np.empty(len(users), dtype=np.uint64)
    hashes[~no_user] = hash_ids(users.drop_null(), seed)
    hashes[no_user] = hash_ids(baskets.filter(pa.array(no_user)), seed)
    return hashes


def lowest_distinct(hashes: NDArray[np.uint64], n: int, enough: int) -> NDArray[np.uint64]:
    """The ``n`` lowest distinct hashes, sorted, where they are; all where there are fewer.

    Parameters
    ----------
    enough : int
        Where ``n`` distinct ones lie below it, it is not looked at those above.

    Examples
    --------
    >>> lowest_distinct(np.array([7, 1, 7, 3], dtype=np.uint64), 2, 5).tolist()
    [1, 3]
    """
    xp = namespace_of(hashes)
    lowest: NDArray[np.uint64]
    if enough < WHOLE_RANGE:
        lowest = xp.unique(hashes[hashes < np.uint64(enough)])
        if len(lowest) >= n:
            return lowest[:n]
    lowest = xp.unique(hashes)
    return lowest[:n]


def in_user_sample(users: pa.Array, baskets: pa.Array | None, threshold: int) -> NDArray[np.bool_]:
    """Mask of the rows whose user (or basket) hashes below ``threshold``: whole histories."""
    return np.asarray(hash_user_or_basket(users, baskets, SAMPLE_SEED) < np.uint64(threshold))


def in_row_sample(
    users: pa.Array,
    baskets: pa.Array | None,
    articles: pa.Array,
    timestamp: NDArray[np.int64],
    quantity: NDArray[np.float64],
    threshold: int,
) -> NDArray[np.bool_]:
    """Mask of the rows that hash below ``threshold``; equal rows stay or go together."""
    owner = hash_user_or_basket(users, baskets, SAMPLE_SEED)
    hashes = mix_row(owner, hash_ids(articles, SAMPLE_SEED), timestamp, quantity)
    return np.asarray(hashes < np.uint64(threshold))


def mix_row(
    owner: NDArray[np.uint64],
    article: NDArray[np.uint64],
    timestamp: NDArray[np.int64],
    quantity: NDArray[np.float64],
) -> NDArray[np.uint64]:
    """One hash per row, of the hashes of its user (or basket) and article and of its values."""
    hashes = owner
    for values in (article.view(np.int64), timestamp, quantity.view(np.int64)):
        hashes = splitmix64(hashes.view(np.int64) ^ splitmix64(values).view(np.int64))
    return hashes
