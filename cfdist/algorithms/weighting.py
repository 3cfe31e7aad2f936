"""How interactions become the weights of users × articles, on the host or a device."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, csr_from_sorted, row_of_entries
from cfdist.algorithms.interactions import InteractionBlock, run_starts
from cfdist.algorithms.namespace import namespace_of
from cfdist.algorithms.segments import segment_max, segment_sum, sum_by_row


class Decay(NamedTuple):
    """How purchases fade: one that is ``half_life_us`` old counts half.

    Attributes
    ----------
    half_life_us : float, microseconds, above 0
    now_us : int, microseconds since 1970; what is later than this counts in full
    """

    half_life_us: float
    now_us: int


class WeightStatistics(NamedTuple):
    """What tf-idf and BM25 must know about all users; weights of 0 do not count.

    Attributes
    ----------
    n_users : int, users with a weight above 0
    n_users_of_article : int64 ``(n_articles,)`` users with a weight above 0 for it
    total_length : float, sum of all weights
    """

    n_users: int
    n_users_of_article: NDArray[np.int64]
    total_length: float


def user_item_weights(
    block: InteractionBlock,
    article_codes: NDArray[np.int32],
    n_articles: int,
    aggregate: str,
    returns: str,
    decay: Decay | None = None,
) -> CsrBlock:
    """Users × articles of a block: every pair ever seen, weight 0 where nothing was kept.

    Parameters
    ----------
    article_codes : int32 ``(n_articles of the block,)`` global index of each local article
    aggregate : {"count", "sum", "max", "last"}
        Number of purchases; or the sum, the largest, or the latest of their quantities.
    returns : {"drop", "net"}
        Whether returned quantities are ignored or subtracted. The largest and the latest
        quantity are not made smaller by a return, but are 0 where nothing is left.
    decay : Decay, optional
        A purchase, or its quantity, counts 2^(−age / half-life). What returns leave of a count
        or sum is multiplied by the mean of this over the purchases. Below 2^−149 nothing is
        left of a weight in float32; the pair stays owned.
    """
    xp = namespace_of(block.user)
    with_user = block.user >= 0
    user, article = block.user[with_user], article_codes[block.article[with_user]]
    quantity = block.quantity[with_user]
    starts = run_starts(user, article)
    bought = xp.where(quantity > 0, 1.0 if aggregate == "count" else quantity, 0.0)
    weights = _aggregate_runs(
        bought * _fading(block.timestamp[with_user], decay), starts, aggregate
    )
    if returns == "net":
        left = _net(quantity, starts)
        if aggregate in ("count", "sum"):
            plain = _net_count(quantity, left, starts) if aggregate == "count" else left
            weights = plain * _ratio(weights, _sum_runs(bought, starts))
        weights = _where(left > 0, weights)
    shape = (len(block.user_ids), n_articles)
    return csr_from_sorted(user[starts], article[starts], weights, shape)


def weight_statistics(block: CsrBlock) -> WeightStatistics:
    """Statistics of one block of users; those of all are their sum by :func:`add_statistics`."""
    xp = namespace_of(block.data)
    positive = block.data > 0
    n_users = int(xp.count_nonzero(_row_counts(block)))
    of_article = xp.bincount(block.indices[positive], minlength=block.shape[1])
    return WeightStatistics(
        n_users, of_article.astype(np.int64), float(block.data.sum(dtype=np.float64))
    )


def add_statistics(left: WeightStatistics, right: WeightStatistics) -> WeightStatistics:
    """Statistics of the users of both."""
    return WeightStatistics(
        left.n_users + right.n_users,
        left.n_users_of_article + right.n_users_of_article,
        left.total_length + right.total_length,
    )


def weigh(
    block: CsrBlock,
    weighting: str,
    statistics: WeightStatistics | None = None,
    k1: float = 1.2,
    b: float = 0.75,
) -> CsrBlock:
    """The block under ``weighting``: ``none``, ``log1p``, ``tfidf`` or ``bm25``.

    Parameters
    ----------
    statistics : WeightStatistics of the whole matrix; ``tfidf`` and ``bm25`` need them
    k1, b : float
        BM25: how slowly repeats saturate, and how much (0 … 1) long histories are damped.

    Notes
    -----
    A user is a document, an article a term: w the weight, N the users, n the users of the
    article, L the sum of the user's weights. Weights of 0 stay 0, others stay above 0.

    - ``log1p``: ln(1 + w)
    - ``tfidf``: ln(1 + w) · (1 + ln((1 + N) / (1 + n))). One user more who has every article
      keeps the quotient defined, and the 1 keeps articles that everybody has.
    - ``bm25``: ln(1 + (N − n + ½) / (n + ½)) · w (k1 + 1) / (w + k1 (1 − b + b L / mean of L))

    References
    ----------
    Salton, Buckley: Term-weighting approaches in automatic text retrieval, Information
    Processing & Management 24(5), 1988: tf · idf, here with a damped tf and a smooth idf.
    Robertson, Zaragoza: The probabilistic relevance framework: BM25 and beyond, FnTIR 3(4), 2009.
    """
    if weighting == "none":
        return block
    if weighting == "log1p":
        return block._replace(data=namespace_of(block.data).log1p(block.data))
    if statistics is None:
        raise ValueError(f"weighting {weighting!r} needs the statistics of the whole matrix")
    if weighting == "tfidf":
        return _scaled(_tfidf(block, statistics), block)
    if weighting == "bm25":
        return _scaled(_bm25(block, statistics, k1, b), block)
    raise ValueError(f"weighting {weighting!r} is none of none, log1p, tfidf, bm25")


def degree_normalized(
    block: CsrBlock,
    n_users_of_article: NDArray[np.int64],
    user_exponent: float,
    article_exponent: float,
) -> CsrBlock:
    """1 for every weight above 0, divided by d_u^user_exponent · d_i^article_exponent.

    Parameters
    ----------
    n_users_of_article : int64 ``(n_articles,)``
        d_i, users with a weight above 0; an article without users has the factor 0. d_u, the
        number of articles of a user, is counted in the block.
    """
    user_scale = _inverse_power(_row_counts(block), user_exponent)
    article_scale = _inverse_power(n_users_of_article, article_exponent)
    values = user_scale[row_of_entries(block)] * article_scale[block.indices]
    return _scaled(values, block)


def column_scaled(block: CsrBlock, scale: NDArray[np.float64]) -> CsrBlock:
    """The block with each article's weights multiplied by ``scale``, float64 ``(n_articles,)``."""
    return block._replace(data=(block.data * scale[block.indices]).astype(np.float32))


def _tfidf(block: CsrBlock, statistics: WeightStatistics) -> NDArray[np.float64]:
    xp = namespace_of(block.data)
    idf = 1 + xp.log((1 + statistics.n_users) / (1 + statistics.n_users_of_article))
    values: NDArray[np.float64] = xp.log1p(block.data.astype(np.float64)) * idf[block.indices]
    return values


def _bm25(
    block: CsrBlock, statistics: WeightStatistics, k1: float, b: float
) -> NDArray[np.float64]:
    xp = namespace_of(block.data)
    weights, rows = block.data.astype(np.float64), row_of_entries(block)
    n = statistics.n_users_of_article
    idf = xp.log1p((statistics.n_users - n + 0.5) / (n + 0.5))
    lengths = sum_by_row(weights, rows, block.shape[0])
    relative = lengths * (statistics.n_users / (statistics.total_length or 1.0))
    saturation = k1 * (1 - b + b * relative)
    values: NDArray[np.float64] = (
        idf[block.indices] * (k1 + 1) * _ratio(weights, weights + saturation[rows])
    )
    return values


def _scaled(values: NDArray[np.float64], block: CsrBlock) -> CsrBlock:
    xp = namespace_of(values)
    return block._replace(data=xp.where(block.data > 0, values, 0.0).astype(np.float32))


def _row_counts(block: CsrBlock) -> NDArray[np.int64]:
    """Entries above 0 of each row."""
    xp = namespace_of(block.data)
    rows = row_of_entries(block)[block.data > 0]
    counts: NDArray[np.int64] = xp.bincount(rows, minlength=block.shape[0])
    return counts


def _inverse_power(degree: NDArray[np.int64], exponent: float) -> NDArray[np.float64]:
    xp = namespace_of(degree)
    power = xp.maximum(degree, 1).astype(np.float64) ** -exponent
    inverse: NDArray[np.float64] = xp.where(degree > 0, power, 0.0)
    return inverse


def _fading(timestamp: NDArray[np.int64], decay: Decay | None) -> NDArray[np.float64] | float:
    if decay is None:
        return 1.0
    xp = namespace_of(timestamp)
    age_us = xp.maximum(decay.now_us - timestamp, 0)
    fading: NDArray[np.float64] = xp.exp2(-age_us / decay.half_life_us)
    return fading


def _aggregate_runs(
    values: NDArray[np.float64], starts: NDArray[np.int64], aggregate: str
) -> NDArray[np.float64]:
    """One value per run of purchases; entries of 0 are none, a run without purchases has 0."""
    xp = namespace_of(values)
    if aggregate == "max":
        largest: NDArray[np.float64] = segment_max(values, starts)
        return largest
    if aggregate == "last":
        last = segment_max(xp.where(values > 0, xp.arange(len(values)), -1), starts)
        return _where(last >= 0, values[last])
    return _sum_runs(values, starts)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quotient; 0 where the whole is 0, and exactly 1 where both are equal."""
    some = whole > 0
    return _where(some, part / namespace_of(whole).where(some, whole, 1.0))


def _net_count(
    quantity: NDArray[np.float64], left: NDArray[np.float64], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Purchases less returns; where some quantity is left, one at least."""
    bought = _sum_runs((quantity > 0).astype(np.float64), starts)
    returned = _sum_runs((quantity < 0).astype(np.float64), starts)
    return _where(left > 0, namespace_of(left).maximum(bought - returned, 1))


def _net(quantity: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Quantity left after returns; 0.1 + 0.2 − 0.3 leaves rounding only, which is nothing."""
    left = _sum_runs(quantity, starts)
    return _where(left > 1e-9 * _sum_runs(abs(quantity), starts), left)


def _sum_runs(values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    sums: NDArray[np.float64] = segment_sum(values, starts)
    return sums


def _where(condition: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values where the condition holds, else 0."""
    chosen: NDArray[np.float64] = namespace_of(values).where(condition, values, 0.0)
    return chosen
