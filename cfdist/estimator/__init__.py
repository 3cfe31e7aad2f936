"""``cfdist.TruncatedSVD``: the factorization of the job as an estimator of its own.

``truncated_svd`` is the estimator, ``inputs`` and ``pairs`` turn what it is given into blocks,
``row_block`` is a block, and ``solve`` runs the passes over them.
"""

from cfdist.estimator.truncated_svd import TruncatedSVD

__all__ = ["TruncatedSVD"]
