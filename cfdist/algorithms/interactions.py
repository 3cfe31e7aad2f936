"""One block of users' interactions, sorted, with ids replaced by local codes."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted
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
        basket = np.where(code >= 0, code, len(ids) + basket)
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


def user_item_weights(
    block: InteractionBlock,
    article_codes: NDArray[np.int32],
    n_articles: int,
    aggregate: str,
    returns: str,
) -> CsrBlock:
    """Users × articles of a block: every pair ever seen, weight 0 where nothing was kept.

    Parameters
    ----------
    article_codes : int32 ``(n_articles of the block,)`` global index of each local article
    aggregate : {"count", "sum"}
        Number of purchases, or sum of their quantities.
    returns : {"drop", "net"}
        Whether returned quantities are ignored or subtracted.
    """
    with_user = block.user >= 0
    user, article = block.user[with_user], article_codes[block.article[with_user]]
    quantity = block.quantity[with_user]
    starts = _run_starts(user, article)
    if aggregate == "sum":
        bought = np.where(quantity > 0, quantity, 0.0)
        weights = _net(quantity, starts) if returns == "net" else _sum_runs(bought, starts)
    else:
        weights = _sum_runs((quantity > 0).astype(np.float64), starts)
        if returns == "net":
            net = weights - _sum_runs((quantity < 0).astype(np.float64), starts)
            weights = np.where(_net(quantity, starts) > 0, np.maximum(net, 1), 0)
    shape = (len(block.user_ids), n_articles)
    return csr_from_sorted(user[starts], article[starts], weights, shape)


def basket_articles(
    block: InteractionBlock,
    article_codes: NDArray[np.int32],
    n_articles: int,
    max_articles: int,
) -> tuple[CsrBlock, int]:
    """Baskets × articles (ones) of a block, and how many baskets were larger than allowed.

    A basket is what one user took under one basket id, or on one day without such ids.
    """
    bought = block.quantity > 0
    user, basket = block.user[bought], block.basket[bought]
    article = article_codes[block.article[bought]]
    order = np.lexsort((article, basket, user))
    user, basket, article = user[order], basket[order], article[order]
    first = _run_starts(user, basket)
    number = np.zeros(len(user), dtype=np.int64)
    number[first[1:]] = 1
    number = np.cumsum(number)
    distinct = _run_starts(number, article)
    number, article = number[distinct], article[distinct]
    sizes = np.bincount(number, minlength=len(first))
    small = sizes <= max_articles
    renumber = np.cumsum(small) - 1
    kept = small[number]
    shape = (int(np.count_nonzero(small)), n_articles)
    ones = np.ones(int(np.count_nonzero(kept)), dtype=np.float32)
    baskets = csr_from_sorted(renumber[number[kept]], article[kept], ones, shape)
    return baskets, int(np.count_nonzero(~small))


def weigh(block: CsrBlock, weighting: str) -> CsrBlock:
    """The block under ``weighting``: ``log1p`` or ``none``."""
    return block._replace(data=np.log1p(block.data)) if weighting == "log1p" else block


def _run_starts(*keys: NDArray[np.integer]) -> NDArray[np.int64]:
    """First position of every run of equal keys in sorted arrays."""
    if not len(keys[0]):
        return np.empty(0, dtype=np.int64)
    changes = np.zeros(len(keys[0]), dtype=bool)
    changes[0] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changes)


def _net(quantity: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Quantity left after returns; 0.1 + 0.2 − 0.3 leaves rounding only, which is nothing."""
    left = _sum_runs(quantity, starts)
    return np.where(left > 1e-9 * _sum_runs(np.abs(quantity), starts), left, 0.0)


def _sum_runs(values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.add.reduceat(values, starts) if len(starts) else np.empty(0)
