"""Scoring on the CPU: compiled loops; see :mod:`cfdist.backends` for who else offers these."""

from cfdist.algorithms.pairs import count_pairs
from cfdist.algorithms.scoring import (
    fill_dense,
    fill_latent,
    fill_ranked,
    fill_sparse,
    fill_through,
    mean_through,
)

__all__ = [
    "count_pairs",
    "fill_dense",
    "fill_latent",
    "fill_ranked",
    "fill_sparse",
    "fill_through",
    "mean_through",
]
