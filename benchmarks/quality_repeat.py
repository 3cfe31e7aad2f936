"""Do the figures depend on the number of processes, or on whose SVD it is? Measured on Gowalla."""

import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import quality_gowalla as gowalla
import scipy.sparse.linalg
from quality_judge import figures, opened, tell
from quality_tables import table
from scipy.sparse import csr_matrix

from cfdist.algorithms.csr import CsrBlock, stack
from cfdist.algorithms.krylov import TruncatedFactors
from cfdist.evaluation.candidates import Candidate
from cfdist.evaluation.evaluate import compare
from cfdist.stages import factorize
from cfdist.stages.context import Stage
from cfdist.stages.factorize import PassReport
from cfdist.stages.ingest import ingest

_LATENT = {"recommend.method": "latent", "factorize.n_components": 64}
CANDIDATES = (
    Candidate("latent", _LATENT),
    Candidate(
        "latent, 24 passes",
        _LATENT | {"factorize.svd_iterations": 24, "factorize.tolerance": 1e-6},
    ),
    Candidate("spectral gf_cf", {"recommend.method": "spectral"}),
)
"""``latent`` with the default passes and with those that filters take."""

CLUSTERS: dict[str, dict[str, Any]] = {
    "in this process": {},
    "1 worker process": {"workers": 1},
    "2 worker processes": {"workers": 2},
}
ARPACK = "in this process, ARPACK"


def run(data: Path) -> tuple[dict[str, Any], list[str]]:
    """Figures of every candidate in every surrounding, and the lines that show them."""
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gowalla.write_tables(data, folder)
        for where, cluster in CLUSTERS.items():
            found[where] = _figures(folder, cluster)
            tell(f"{where}: done")
        with patch.object(factorize, "_solve_krylov", solve_arpack):
            found[ARPACK] = _figures(folder, {})
    return {"figures": found}, lines(found)


def _figures(folder: Path, cluster: dict[str, Any]) -> dict[str, Any]:
    settings = gowalla.settings(folder, choosing=False) | {"cluster": cluster}
    with opened(settings) as context:
        measured = compare(context, ingest(context), CANDIDATES)
        if len(measured.able) < len(CANDIDATES):
            raise RuntimeError("; ".join(o.error or "" for o in measured.outcomes))
        return {
            o.candidate.name: figures(context, measured.reporting, o, "new", gowalla.METRICS_SHOWN)
            for o in measured.able
        }


def solve_arpack(
    stage: Stage, matrix: Any, wanted: int, settings: Any
) -> tuple[Any, PassReport, str]:
    """SciPy's ARPACK in the place of the product's own solver."""
    solution = stage.submit(decompose_arpack, wanted, *matrix.blocks, label="arpack")
    stage.wait([solution])
    return solution, PassReport(1, wanted, 0.0, 1.0, False), "float64"


def decompose_arpack(wanted: int, *blocks: CsrBlock) -> TruncatedFactors:
    """Factors of the whole matrix, to machine precision, largest first."""
    whole: csr_matrix = stack(list(blocks)).to_scipy().astype(np.float64)
    start = np.random.default_rng(0).standard_normal(min(whole.shape))
    _, sigma, right = scipy.sparse.linalg.svds(whole, k=wanted, tol=0, v0=start)
    order = np.argsort(-sigma)
    item_factors = np.ascontiguousarray(right[order].T.astype(np.float32))
    return TruncatedFactors(sigma[order], item_factors, np.zeros(wanted))


def lines(found: dict[str, dict[str, Any]]) -> list[str]:
    """One row per surrounding and candidate; whether all agree to four digits."""
    rows = [
        [f"{name}, {where}", *(f"{value.mean:.6f}" for value in values.values())]
        for where, by_name in found.items()
        for name, values in by_name.items()
    ]
    return [*table(["method, where", *gowalla.METRICS_SHOWN], rows), "", *verdict(found)]


def verdict(found: dict[str, dict[str, Any]]) -> list[str]:
    """For each candidate the largest distance between two surroundings.

    A distance below 0.00005 is equality to four digits.
    """
    said = []
    for name in next(iter(found.values())):
        table_of_means = np.array(
            [[value.mean for value in by_name[name].values()] for by_name in found.values()]
        )
        widest = float(np.ptp(table_of_means, axis=0).max())
        is_equal = "equal" if widest < 0.00005 else "not equal"
        said.append(f"{name}: {is_equal} to four digits, largest distance {widest:.1e}")
    return said
