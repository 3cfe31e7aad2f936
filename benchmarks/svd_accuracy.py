"""Singular values of published builds against ARPACK in float64.

Usage: python benchmarks/svd_accuracy.py ROOT [ROOT …], where each ROOT holds a published build.
"""

import sys
import time

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from cfdist import load_build


def compare(root: str) -> None:
    """Print one line for the live build of a root."""
    build = load_build(root)
    matrix = sp.load_npz(build.path / "user_item_matrix.npz").astype(np.float64)
    ours = build.array("singular_values")
    item_factors = build.array("item_latent_factors").astype(np.float64)
    started = time.perf_counter()
    reference = svds(matrix, k=len(ours), return_singular_vectors=False, random_state=0)
    seconds = time.perf_counter() - started
    reference = np.sort(reference)[::-1]
    gram = item_factors.T @ item_factors - np.eye(len(ours))
    metrics = build.metrics
    print(
        f"{root}: {matrix.shape[0]:,} x {matrix.shape[1]:,}, nnz {matrix.nnz:,}, "
        f"k {len(ours)}, {metrics['svd_method']}, {metrics['svd_dtype']}, "
        f"{metrics['n_passes']} passes: largest relative error "
        f"{np.max(np.abs(ours - reference) / reference):.1e}, "
        f"V'V - I {np.abs(gram).max():.1e}; factorize stage "
        f"{build.manifest.seconds['factorize']:.2f} s, ARPACK alone {seconds:.2f} s"
    )


if __name__ == "__main__":
    for name in sys.argv[1:]:
        compare(name)
