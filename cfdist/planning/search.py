"""How many pairs the search for similar users computes, measured with the kernel itself."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, take_rows
from cfdist.algorithms.exact_neighbors import build_index, query_tiles, search, unit_rows
from cfdist.algorithms.hashing import hash_rows
from cfdist.algorithms.profiles import group_equal
from cfdist.backends import get_backend

MIN_USERS = 400
MAX_USERS = 6000
FACTOR_USERS = 300_000
"""Of few users factors fit each too well, and a search over them computes too many pairs."""
N_ROUNDS = 4
SHARE_POWER = -0.58


def measure_search_share(
    histories: CsrBlock, n_profiles: int, n_components: int, k: int
) -> float | None:
    """Share of all pairs that a search over ``n_profiles`` histories computes; None if unknown.

    Notes
    -----
    The search runs over at most 6,000 distinct histories; the share of all is that times the
    power −0.58 of how many more they are: synthetic shops had 0.29 and 0.21 of the pairs of 6,000
    histories, 0.093 of those of 45,000, 0.018 of those of 368,000.
    """
    hashes = hash_rows(histories.indptr, histories.indices, histories.data)
    distinct = group_equal(hashes)[1]
    if len(distinct) < MIN_USERS or k < 1:
        return None
    block = take_rows(histories, _spread(distinct, FACTOR_USERS))
    factors = _factors(block, min(n_components, *block.shape))
    units = unit_rows(_spread(factors, MAX_USERS))
    return float(_share(units, k) * max(1.0, n_profiles / len(units)) ** SHARE_POWER)


def _spread(rows: NDArray[Any], n: int) -> NDArray[Any]:
    """At most ``n`` of the rows, at a fixed stride."""
    return np.asarray(rows[np.linspace(0, len(rows) - 1, min(n, len(rows))).astype(int)])


def _share(units: NDArray[np.float32], k: int) -> float:
    index = build_index(units, np.arange(len(units)), max_list=k)
    return float(search(index, query_tiles(index), k)[3] / len(units) ** 2)


def _factors(block: CsrBlock, n_components: int) -> NDArray[np.float32]:
    """UΣ of the histories, near enough to see how they lie: a few rounds of subspace iteration."""
    operator = get_backend("cpu").csr(block, np.float32)
    basis = np.random.default_rng(0).standard_normal((block.shape[1], n_components))
    for _ in range(N_ROUNDS):
        basis = np.linalg.qr(basis)[0].astype(np.float32)
        basis = operator.transposed_times(operator.times(basis))
    return np.asarray(operator.times(np.linalg.qr(basis)[0].astype(np.float32)))
