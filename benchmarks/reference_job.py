"""The reference job: cfdist against scikit-learn + faiss + SciPy, cold, on the same data.

    python benchmarks/reference_job.py

makes the data once, runs ``cfdist train`` in new processes and then the peer, prints one table
and checks on a sample that both found the same. Smaller: ``--users 50000 --articles 2000
--interactions 150000``. Ratios and medians are results; absolute seconds are hints.
"""

import argparse
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import report
from agreement import compare
from cold_run import ColdRun, RunFailed, Workplace
from kept import RESULTS, document, tell, write
from machine import blas_of, describe_machine, machine_lines
from synthetic import WARM_UP, in_words, make_data

PEER = "scikit-learn + faiss + SciPy"
METRICS = ("n_users", "n_profiles", "n_articles", "nnz", "n_passes")
VARIANCE_ALONE = ("--set", "experiment.evaluate=false")
"""An experiment that stops at the variance and the lists: nothing is held out."""


def main() -> None:
    """Measure, compare, print."""
    given = parse_arguments()
    machine = describe_machine()
    sizes = {"n_users": given.users, "n_articles": given.articles}
    sizes |= {"n_interactions": given.interactions}
    data = make_data(sizes, given.seed)
    with tempfile.TemporaryDirectory(dir=RESULTS, prefix="run-") as folder:
        measured = measure(Workplace(Path(folder)), data, given)
    about = measured | {"data": sizes | {"seed": given.seed}}
    kept = document("reference_job", peer_rows(measured), machine, **about)
    print("\n".join(report_lines(kept)))
    if given.json:
        write(given.json, kept)
    if "peer_error" in measured:
        raise RunFailed(measured["peer_error"])


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="cfdist against scikit-learn, faiss and SciPy.")
    parser.add_argument("--users", type=int, default=557_000)
    parser.add_argument("--articles", type=int, default=7_300)
    parser.add_argument("--interactions", type=int, default=1_640_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=3, help="cold runs of cfdist [3]")
    parser.add_argument("--peer-repeat", type=int, default=1, help="cold runs of the peer [1]")
    parser.add_argument("--skip-peer", action="store_true", help="measure cfdist alone")
    parser.add_argument("--peer-svd", choices=("randomized", "arpack"), default="randomized")
    parser.add_argument("--experiment", action="store_true", help="also `cfdist experiment`, 10 %%")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    given = parser.parse_args()
    if not given.skip_peer and not (find_spec("faiss") and find_spec("sklearn")):
        parser.error("the peer needs faiss and scikit-learn: pip install --editable '.[bench]'")
    return given


def measure(work: Workplace, data: Path, given: argparse.Namespace) -> dict[str, Any]:
    """All runs, one after the other, and whether their results agree."""
    compile_s = compile_kernels(work)
    n_kernels = work.kernels
    runs = [tell_run("train", work.train(data, f"train-{i}")) for i in range(given.repeat)]
    found: dict[str, Any] = {"compile_s": compile_s, "train": report.summarize_runs(runs)}
    found["metrics"] = {name: runs[-1].output["metrics"][name] for name in METRICS}
    if given.experiment:
        found["experiment"] = try_sample(work, data, given.repeat, "recall")
        found["variance"] = try_sample(work, data, given.repeat, "variance", *VARIANCE_ALONE)
    found["kernels_compiled_in_runs"] = work.kernels - n_kernels
    peer = None
    if not given.skip_peer:
        try:
            found |= measure_peer(work, data, given, found["train"])
            peer = work.root("peer")
        except RunFailed as error:  # what cfdist took is known all the same
            tell(f"the peer failed: {error}")
            found["peer_error"] = str(error)
    tell("comparing the results")
    found["agreement"] = compare(work.root(f"train-{given.repeat - 1}"), peer, given.seed)
    if peer:
        found["ratio_if_distinct"] = report.ratio_if_distinct(**found_of(found))
    return found


def measure_peer(
    work: Workplace, data: Path, given: argparse.Namespace, ours: dict[str, Any]
) -> dict[str, Any]:
    """Cold runs of the peer, and the ratios."""
    runs = [tell_run("peer", work.peer(data, given.peer_svd)) for _ in range(given.peer_repeat)]
    theirs = report.summarize_runs(runs)
    theirs |= {"svd": given.peer_svd, "blas": blas_of(runs[-1].output["pools"])}
    return {"peer": theirs, "ratios": report.ratios(ours, theirs)}


def try_sample(
    work: Workplace, data: Path, repeat: int, name: str, *options: str
) -> dict[str, Any]:
    """Cold runs of ``cfdist experiment``."""
    runs = [work.experiment(data, f"{name}-{i}", *options) for i in range(repeat)]
    found = report.summarize_runs([tell_run(f"experiment, {name}", run) for run in runs])
    rows = runs[-1].output["rows"]
    return found | {"rows_share": rows["rows_used"] / rows["rows_in"]}


def found_of(measured: dict[str, Any]) -> dict[str, Any]:
    """What the ratio over distinct histories needs."""
    return {
        "metrics": measured["metrics"], "ours": measured["train"], "theirs": measured["peer"]
    }  # fmt: skip


def peer_rows(measured: dict[str, Any]) -> list[dict[str, Any]]:
    """cfdist and the peer as rows, as every benchmark keeps them."""
    ours, theirs = measured["train"], measured.get("peer")
    rows = [("cfdist", ours), *([(PEER, theirs)] if theirs else [])]
    return [
        {
            "peer": name, "seconds": run["wall_s_of_each"], "seconds_median": run["wall_s"],
            "ratio_to_cfdist": run["wall_s"] / ours["wall_s"], "peak_bytes": run["peak_bytes"],
        }
        for name, run in rows
    ]  # fmt: skip


def compile_kernels(work: Workplace) -> float:
    """Seconds that the first run after an installation takes longer; fills the kernel cache."""
    tell("compiling kernels with a small job")
    small = make_data(WARM_UP, 0)
    first = work.train(small, "first")
    return first.wall_s - work.train(small, "second").wall_s


def report_lines(measured: dict[str, Any]) -> list[str]:
    """Everything that is printed."""
    ours, theirs = measured["train"], measured.get("peer")
    sizes = measured["data"]
    walls = ", ".join(f"{wall:.1f}" for wall in ours["wall_s_of_each"])
    lines = [
        f"\n{in_words(sizes)}, seed {sizes['seed']}",
        *machine_lines(measured["machine"]),
        *([f"peer: {'; '.join(theirs['blas'])}; {theirs['svd']} SVD"] if theirs else []),
        f"\ncfdist: median of {len(ours['wall_s_of_each'])} cold runs ({walls} s)"
        + (f"; peer: of {len(theirs['wall_s_of_each'])}." if theirs else "."),
        "New process each; files and compiled kernels cached. The first run after an installation",
        f"compiles for {measured['compile_s']:.0f} s more. Ratios are results, seconds are hints.",
        f"Kernels compiled in measured runs: {measured['kernels_compiled_in_runs']}.\n",
        *report.table_lines(ours, theirs),
        *report.disturbance_lines(ours, theirs),
        "",
    ]
    if theirs:
        lines.append(report.distinct_line(**found_of(measured)))
    for name, what in (("experiment", "with recall"), ("variance", "without held-out purchases")):
        if tried := measured.get(name):
            lines += [f"\ncfdist experiment on {tried['rows_share']:.0%} of the rows, {what}:"]
            lines += report.table_lines(tried, None)
    return [*lines, "\nAgreement on a sample", *report.agreement_lines(measured["agreement"])]


def tell_run(name: str, run: ColdRun) -> ColdRun:
    """Say on standard error that a run has ended."""
    tell(f"{name}: {run.wall_s:.1f} s")
    return run


if __name__ == "__main__":
    try:
        main()
    except RunFailed as error:
        sys.exit(str(error))
