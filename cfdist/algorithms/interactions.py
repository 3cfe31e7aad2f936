"""One block of users' interactions, sorted, with ids replaced by local codes."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cfdist.algorithms.hashing import bucket_of, hash_ids

DAY_US = 86_400_000_000


class InteractionBlock(NamedTuple):
    """Rows of a run of buckets, sorted by (user, article, time, basket, quantity).

    Attributes
    ----------
    user_ids : pa.Array ``(n_users,)`` distinct, by (bucket, id)
    article_ids : pa.Array ``(n_articles,)`` distinct, sorted
    user, article, basket : int32 ``(n_rows,)`` local codes; user −1: none, baskets only
    quantity : float64 ``(n_rows,)``; ≤ 0: owned, but not a purchase
    timestamp : int64 ``(n_rows,)`` microseconds
    """

    user_ids: pa.Array
    article_ids: pa.Array
    user: NDArray[np.int32]
    article: NDArray[np.int32]
    basket: NDArray[np.int32]
    quantity: NDArray[np.float64]
    timestamp: NDArray[np.int64]


def sort_block(
    user_id: pa.Array,
    article_id: pa.Array,
    basket_id: pa.Array | None,
    quantity: NDArray[np.float64],
    timestamp: NDArray[np.int64],
) -> InteractionBlock:
    """The block of these rows, independent of their order. A null user has a basket only."""
    user_ids, user = encode_sorted(user_id)
    by_bucket = np.argsort(bucket_of(hash_ids(user_ids)), kind="stable")
    place = np.append(np.argsort(by_bucket), -1).astype(np.int32)
    user = place[user]
    article_ids, article = encode_sorted(article_id)
    basket = np.unique(timestamp // DAY_US, return_inverse=True)[1].astype(np.int32)
    if basket_id is not None:
        ids, code = encode_sorted(basket_id)
        together = np.where(code >= 0, code, len(ids) + basket)
        basket = np.unique(together, return_inverse=True)[1].astype(np.int32)
    order = np.lexsort((quantity, basket, timestamp, article, user))
    return InteractionBlock(
        user_ids.take(pa.array(by_bucket)),
        article_ids,
        user[order],
        article[order],
        basket[order],
        quantity[order],
        timestamp[order],
    )


def encode_sorted(values: pa.Array) -> tuple[pa.Array, NDArray[np.int32]]:
    """Distinct values, sorted (strings by their UTF-8 bytes), and the code of each; null: −1.

    Examples
    --------
    >>> ids, codes = encode_sorted(pa.array(["b", None, "a", "b"]))
    >>> ids.to_pylist(), codes.tolist()
    (['a', 'b'], [1, -1, 0, 1])
    """
    if pa.types.is_integer(values.type) and values.null_count == 0:
        distinct, codes = np.unique(np.asarray(values), return_inverse=True)
        return pa.array(distinct), codes.astype(np.int32)
    encoded = pc.dictionary_encode(values)
    order = np.asarray(pc.array_sort_indices(encoded.dictionary))
    place = np.append(np.argsort(order), -1).astype(np.int32)
    codes = np.asarray(encoded.indices.fill_null(len(order)))
    return encoded.dictionary.take(pa.array(order)), place[codes]


def merge_sorted(left: pa.Array, right: pa.Array) -> pa.Array:
    """Distinct values of both, sorted."""
    distinct = pc.unique(pa.concat_arrays([left, right]))
    return distinct.take(pc.array_sort_indices(distinct))


def codes_in(values: pa.Array, index: pa.Array) -> NDArray[np.int32]:
    """Position of each value in ``index``, which holds them all."""
    return np.asarray(pc.index_in(values, value_set=index), dtype=np.int32)


def run_starts(*keys: NDArray[np.integer]) -> NDArray[np.int64]:
    """First position of every run of equal keys in sorted arrays."""
    if not len(keys[0]):
        return np.empty(0, dtype=np.int64)
    changes = np.zeros(len(keys[0]), dtype=bool)
    changes[0] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changes)
