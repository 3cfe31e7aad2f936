"""The reference job: cfdist against scikit-learn + faiss + SciPy, cold, on the same data.

    python benchmarks/reference_job.py

makes the data once, runs ``cfdist train`` in new processes and then the peer, prints one table
and checks on a sample that both found the same. Smaller: ``--users 50000 --articles 2000
--interactions 150000``. Ratios and medians are results; absolute seconds are hints.
"""

import argparse
import json
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import report
from agreement import compare
from cold_run import ColdRun, RunFailed, Workplace
from machine import blas_of, describe_machine, machine_lines

from cfdist.datasets.synthesize import synthesize

RESULTS = Path(__file__).with_name("results")
WARM_UP = {"n_users": 3000, "n_articles": 2100, "n_interactions": 12_000}


def main() -> None:
    """Measure, compare, print."""
    given = parse_arguments()
    machine = describe_machine()
    sizes = {"n_users": given.users, "n_articles": given.articles}
    sizes |= {"n_interactions": given.interactions}
    data = make_data(sizes, given.seed)
    with tempfile.TemporaryDirectory(dir=RESULTS, prefix="run-") as folder:
        measured = measure(Workplace(Path(folder)), data, given)
    measured = {"data": sizes | {"seed": given.seed}, "machine": machine} | measured
    print("\n".join(report_lines(measured)))
    if given.json:
        given.json.write_text(json.dumps(measured, indent=1))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="cfdist against scikit-learn, faiss and SciPy.")
    parser.add_argument("--users", type=int, default=557_000)
    parser.add_argument("--articles", type=int, default=7_300)
    parser.add_argument("--interactions", type=int, default=1_640_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=3, help="cold runs of cfdist [3]")
    parser.add_argument("--skip-peer", action="store_true", help="measure cfdist alone")
    parser.add_argument("--peer-svd", choices=("randomized", "arpack"), default="randomized")
    parser.add_argument("--experiment", action="store_true", help="also `cfdist experiment`, 10 %%")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    given = parser.parse_args()
    if not given.skip_peer and not (find_spec("faiss") and find_spec("sklearn")):
        parser.error("the peer needs faiss and scikit-learn: pip install --editable '.[bench]'")
    return given


def make_data(sizes: dict[str, int], seed: int) -> Path:
    """The synthetic interactions of these sizes; written unless they are there."""
    name = "-".join(str(number) for number in (*sizes.values(), seed))
    path = RESULTS / f"data-{name}" / "user_item_interactions.parquet"
    if not path.exists():
        tell(f"making {path}")
        synthesize(path, seed=seed, **sizes)
    return path.resolve()


def measure(work: Workplace, data: Path, given: argparse.Namespace) -> dict[str, Any]:
    """All runs, one after the other, and whether their results agree."""
    compile_s = compile_kernels(work)
    n_kernels = work.kernels
    runs = [tell_run("train", work.train(data, f"train-{i}")) for i in range(given.repeat)]
    found: dict[str, Any] = {"compile_s": compile_s, "train": report.summarize_runs(runs)}
    found["metrics"] = runs[-1].output["metrics"]
    if given.experiment:
        tries = [work.experiment(data, f"try-{i}") for i in range(given.repeat)]
        found["experiment"] = report.summarize_runs([tell_run("experiment", run) for run in tries])
        rows = tries[-1].output["rows"]
        found["experiment"]["rows_share"] = rows["rows_used"] / rows["rows_in"]
    found["kernels_compiled_in_runs"] = work.kernels - n_kernels
    peer = None
    if not given.skip_peer:
        run = tell_run("peer", work.peer(data, given.peer_svd))
        peer = work.root("peer")
        found["peer"] = report.summarize_runs([run])
        found["peer"] |= {"svd": given.peer_svd, "blas": blas_of(run.output["pools"])}
        found["ratios"] = report.ratios(found["train"], found["peer"])
    tell("comparing the results")
    found["agreement"] = compare(work.root(f"train-{given.repeat - 1}"), peer, given.seed)
    return found


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
        f"\n{sizes['n_users']:,} users × {sizes['n_articles']:,} articles, "
        f"{sizes['n_interactions']:,} interactions, seed {sizes['seed']}",
        *machine_lines(measured["machine"]),
        *([f"peer: {'; '.join(theirs['blas'])}; {theirs['svd']} SVD"] if theirs else []),
        f"\ncfdist: median of {len(ours['wall_s_of_each'])} cold runs ({walls} s); peer: one run.",
        "New process each; files and compiled kernels cached. The first run after an installation",
        f"compiles for {measured['compile_s']:.0f} s more. Ratios are results, seconds are hints.",
        f"Kernels compiled in measured runs: {measured['kernels_compiled_in_runs']}.\n",
        *report.table_lines(ours, theirs),
        *report.disturbance_lines(ours, theirs),
        "",
    ]
    if theirs:
        lines.append(report.distinct_line(measured["metrics"], ours, theirs))
    if "experiment" in measured:
        tried = measured["experiment"]
        lines += [f"\ncfdist experiment on {tried['rows_share']:.0%} of the rows:"]
        lines += report.table_lines(tried, None)
    return [*lines, "\nAgreement on a sample", *report.agreement_lines(measured["agreement"])]


def tell_run(name: str, run: ColdRun) -> ColdRun:
    """Say on standard error that a run has ended."""
    tell(f"{name}: {run.wall_s:.1f} s")
    return run


def tell(message: str) -> None:
    """A line on standard error."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except RunFailed as error:
        sys.exit(str(error))
