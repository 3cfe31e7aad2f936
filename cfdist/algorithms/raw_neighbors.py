"""Similar users by the articles themselves, frequent articles damped, without factors."""

import numpy as np
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock, row_of_entries
from cfdist.algorithms.sparse_products import product_top_k
from cfdist.algorithms.weighting import degree_normalized


def damped_unit_rows(
    block: CsrBlock,
    n_users_of_article: NDArray[np.int64],
    damping: float,
    length_exponent: float = 1.0,
) -> CsrBlock:
    """Rows of length one in which an article counts d_i^−damping; rows of zeros stay zero.

    Parameters
    ----------
    block : CsrBlock ``(n_rows, n_articles)``; weights above 0 count, alike
    n_users_of_article : int64 ``(n_articles,)``
        d_i, how many users of the whole matrix have a weight above 0 for it.
    damping : float
        0: every shared article counts alike. At ½ a product sums 1 / d_i over them.
    length_exponent : float
        Rows are divided by their length to this power: 1 makes products cosines, less lets long
        histories weigh more.
    """
    damped = degree_normalized(block, n_users_of_article, 0.0, damping)
    values, rows = damped.data.astype(np.float64), row_of_entries(block)
    lengths = np.sqrt(np.bincount(rows, values * values, block.shape[0]))
    units = values / (np.where(lengths > 0, lengths, 1.0) ** length_exponent)[rows]
    return block._replace(data=units.astype(np.float32))


def raw_neighbors(
    queries: CsrBlock,
    by_article: CsrBlock,
    k: int,
    query_family: NDArray[np.int64],
    family: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``k`` users nearest to each query by cosine, among those of another family.

    Parameters
    ----------
    queries : CsrBlock ``(n_queries, n_articles)`` of :func:`damped_unit_rows`
    by_article : CsrBlock ``(n_articles, n_rows)``
        The unit rows of everybody, transposed.
    query_family : int64 ``(n_queries,)``
    family : int64 ``(n_rows,)``
        Equal for rows with the same article set, which have nothing to offer to each other. A
        query that is one of the rows is of its own family, so it does not find itself.

    Returns
    -------
    ids : int64 ``(n_queries, k)`` rows by (−cosine, row); −1 where fewer share an article
    scores : float32 ``(n_queries, k)`` cosines; 0 where there are fewer

    Notes
    -----
    Over all rows as queries the cost is Σ_i d_i² steps: articles that nearly everybody has are
    what makes it slow. The cosine of two rows is the same in both directions, to the bit.
    """
    return product_top_k(queries, by_article, k, query_family, family=family)
