"""Whether the partners of an article in a basket name another article of that basket."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.evaluation.metrics.lists import check_ks, check_lists


def pair_hit_rate(
    partners: NDArray[np.int64], baskets: CsrBlock, ks: tuple[int, ...]
) -> NDArray[np.float64]:
    """Share of each basket's articles whose first k partners name another of its articles.

    Parameters
    ----------
    partners : int64 ``(n_articles, n)``
        Partners of each article, best first; −1 is an empty place. An article without partners
        is a miss.
    baskets : CsrBlock ``(n_baskets, n_articles)``
        Later baskets, weights ignored.
    ks : ascending, each at most n

    Returns
    -------
    float64 ``(n_baskets, len(ks))``
        Nan for baskets of fewer than two articles: there is nothing to find.

    Notes
    -----
    Every basket weighs the same in the mean over baskets, whatever its size; the values of one
    basket are not independent, so an interval belongs over baskets.
    """
    check_ks(ks, partners.shape[1])
    check_lists(partners, len(partners))
    if len(partners) != baskets.shape[1]:
        raise ValueError(f"partners of {len(partners)} articles, baskets of {baskets.shape[1]}")
    first_hit = np.full(baskets.nnz, partners.shape[1], dtype=np.int64)
    _find_first_partner(partners, baskets.indptr, baskets.indices, first_hit)
    sizes = np.diff(baskets.indptr)
    basket_of_entry = np.repeat(np.arange(len(sizes)), sizes)
    hits = [np.bincount(basket_of_entry[first_hit < k], minlength=len(sizes)) for k in ks]
    shares = np.stack(hits, axis=1) / np.maximum(sizes, 1)[:, None]
    return np.where((sizes >= 2)[:, None], shares, np.nan)


@njit(nogil=True, cache=True)
def _find_first_partner(partners, indptr, indices, first_hit):
    """Place of the first partner that is in the same basket, for every entry of the baskets."""
    for basket in range(len(indptr) - 1):
        held = indices[indptr[basket] : indptr[basket + 1]]
        for e in range(len(held)):
            for place in range(partners.shape[1]):
                other = partners[held[e], place]
                at = np.searchsorted(held, other)
                if other != held[e] and at < len(held) and held[at] == other:
                    first_hit[indptr[basket] + e] = place
                    break
