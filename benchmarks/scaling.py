"""One worker process against two, of one thread each, on the reference job.

    python benchmarks/scaling.py

Speed-up per stage and in total, and whether both published the same bytes.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cold_run import RunFailed, Workplace
from kept import RESULTS, document, tell, write
from machine import describe_machine, machine_lines
from quality_tables import table
from report import summarize_runs
from synthetic import QUICK, REFERENCE, WARM_UP, in_words, make_data, sizes_of
from timing import told

from cfdist.builds import load_build

WORKERS = (1, 2)
ONE_THREAD = ("--set", "cluster.threads=1")


def main() -> None:
    """Measure and print."""
    given = parse_arguments()
    machine = describe_machine()
    data = make_data(given.size, given.seed)
    with tempfile.TemporaryDirectory(dir=RESULTS, prefix="scaling-") as folder:
        rows, differing = measure(Workplace(Path(folder)), data, given)
    sizes = given.size | {"seed": given.seed}
    kept = document("scaling", rows, machine, data=sizes, differing_files=differing)
    print("\n".join([*machine_lines(machine), "", in_words(given.size), "", *lines(kept)]))
    if given.json:
        write(given.json, kept)
    if differing:
        sys.exit(f"published bytes depend on the number of workers: {', '.join(differing)}")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="One and two worker processes.")
    parser.add_argument("--size", type=sizes_of, default=None, metavar="USERSxARTICLESxROWS")
    parser.add_argument("--quick", action="store_true", help="50,000 users")
    parser.add_argument(
        "--repeat", type=int, default=3, help="cold runs of each, the median counts"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    given = parser.parse_args()
    given.size = given.size or (QUICK if given.quick else REFERENCE)
    return given


def measure(
    work: Workplace, data: Path, given: argparse.Namespace
) -> tuple[list[dict[str, Any]], list[str]]:
    """A row per number of workers, and the names of files that differ between them."""
    rows, hashes = [], []
    tell("compiling kernels with a small job")
    work.train(make_data(WARM_UP), "warm-up", "--workers", "1", *ONE_THREAD)
    for workers in WORKERS:
        options = ["--workers", str(workers), *ONE_THREAD]
        with told(f"{workers} worker processes"):
            runs = [work.train(data, f"{workers}-{i}", *options) for i in range(given.repeat)]
        found = summarize_runs(runs)
        rows.append({"workers": workers, **found})
        hashes += [published(work.root(f"{workers}-{i}")) for i in range(given.repeat)]
    for row in rows:
        row["speed_up"] = speed_up(rows[0], row)
    return rows, differing_files(hashes)


def published(root: Path) -> dict[str, str]:
    """File → sha256 of the live build."""
    return {entry.name: entry.sha256 for entry in load_build(root).manifest.files}


def differing_files(hashes: list[dict[str, str]]) -> list[str]:
    """Names whose bytes are not the same in all builds, or that some lack.

    Examples
    --------
    >>> differing_files([{"a": "1", "b": "2"}, {"a": "1", "b": "3"}])
    ['b']
    """
    names = sorted(set().union(*hashes))
    return [name for name in names if len({of_one.get(name) for of_one in hashes}) > 1]


def speed_up(one: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, float]:
    """Seconds of one worker over those of more, for each stage and in total."""
    stages = {name: s / more["seconds"][name] for name, s in one["seconds"].items()}
    return stages | {"total": one["wall_s"] / more["wall_s"]}


def lines(kept: Mapping[str, Any]) -> list[str]:
    """The table: a row per stage; then what was published."""
    one, two = kept["rows"][0], kept["rows"][-1]
    names = [*one["seconds"], "total"]
    rows = [
        [
            name,
            *(f"{_seconds(row, name):.2f}" for row in (one, two)),
            f"{two['speed_up'][name]:.2f}",
        ]
        for name in names
    ]
    differing = kept["differing_files"]
    said = (
        f"Different bytes in: {', '.join(differing)}"
        if differing
        else "All runs published the same bytes."
    )
    return [*table(["", "1 worker, s", f"{two['workers']} workers, s", "speed-up"], rows), "", said]


def _seconds(row: Mapping[str, Any], name: str) -> float:
    return float(row["wall_s"] if name == "total" else row["seconds"][name])


if __name__ == "__main__":
    try:
        main()
    except RunFailed as error:
        sys.exit(str(error))
