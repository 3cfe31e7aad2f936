"""What an interaction costs as the table grows: cold ``cfdist train``, stage by stage.

    python benchmarks/growth.py
    python benchmarks/growth.py --memory-limit 12GB --largest

Shops of 1.64, 4 and 16 million interactions, users and articles growing in the proportions of
the reference size; with ``--largest`` 10 million users, 100,000 articles and 100 million
interactions as well. The search of similar users grows with the square of the distinct
histories, so every size runs without it, and the smaller ones with it as well.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cold_run import ColdRun, RunFailed, Workplace
from kept import RESULTS, document, tell, write
from machine import describe_machine, machine_lines
from quality_tables import table
from report import summarize_runs
from synthetic import REFERENCE, WARM_UP, in_words, make_data, sizes_of
from timing import told

SIZES = (REFERENCE, sizes_of("1359000x17800x4000000"), sizes_of("5434000x71200x16000000"))
LARGEST = sizes_of("10000000x100000x100000000")
WITHOUT_USER_SEARCH = (
    "--set", "neighbors.n_similar_users=0", "--set", "recommend.method=item_neighbors",
)  # fmt: skip
SEARCH_UP_TO = REPEATED_UP_TO = 4_000_000
LIMIT_FROM = 16_000_000
SEARCH = "neighbors"
MICRO, GIB = 1e6, 2**30


def main() -> None:
    """Measure and print."""
    given = parse_arguments()
    machine = describe_machine()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(dir=_made(RESULTS), prefix="growth-") as folder:
        work = Workplace(Path(folder))
        for sizes, with_search in plan(given):
            rows.append(measure(work, sizes, with_search, given))
            _compare_with_smallest(rows)
            if given.json:  # after each size: what is measured stays
                write(given.json, document("growth", rows, machine, data=_data(given)))
    print("\n".join([*machine_lines(machine), "", *lines(rows)]))
    if any("error" in row for row in rows):
        sys.exit("a size failed, see above")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Cost of an interaction by size of the table.")
    parser.add_argument(
        "--sizes", nargs="+", type=sizes_of, default=list(SIZES), metavar="USERSxARTICLESxROWS"
    )
    parser.add_argument("--largest", action="store_true", help="100 million interactions, too")
    parser.add_argument("--memory-limit", metavar="12GB", help="of the worker: beyond it, disk")
    parser.add_argument(
        "--limit-from", type=int, default=LIMIT_FROM, metavar="ROWS",
        help=f"smaller sizes run without the limit [{LIMIT_FROM:,}]",
    )  # fmt: skip
    parser.add_argument(
        "--without-user-search", action="store_true", help="no size with similar users"
    )
    parser.add_argument(
        "--search-up-to", type=int, default=SEARCH_UP_TO, metavar="ROWS",
        help=f"with similar users up to so many interactions, too [{SEARCH_UP_TO:,}]",
    )  # fmt: skip
    parser.add_argument(
        "--repeat", type=int, default=3, help="cold runs of each size up to 4 million [3]"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    given = parser.parse_args()
    given.sizes = sorted(
        [*given.sizes, *([LARGEST] if given.largest else [])], key=lambda s: s["n_interactions"]
    )
    return given


def plan(given: argparse.Namespace) -> list[tuple[dict[str, int], bool]]:
    """Sizes, and whether similar users are searched; small ones first."""
    without = [(sizes, False) for sizes in given.sizes]
    if given.without_user_search:
        return without
    within = [s for s in given.sizes if s["n_interactions"] <= given.search_up_to]
    return [*((sizes, True) for sizes in within), *without]


def measure(
    work: Workplace, sizes: dict[str, int], with_search: bool, given: argparse.Namespace
) -> dict[str, Any]:
    """One row: medians of cold runs, or what went wrong."""
    limit = given.memory_limit if sizes["n_interactions"] >= given.limit_from else None
    about = {**sizes, "user_search": with_search, "memory_limit": limit}
    options = options_of(limit, with_search)
    words = f"{in_words(sizes)}, {'with' if with_search else 'without'} similar users"
    try:
        with told(f"{words}: all"):
            data = make_data(sizes, given.seed)
            work.train(make_data(WARM_UP), "warm-up", *options)
            repeat = given.repeat if sizes["n_interactions"] <= REPEATED_UP_TO else 1
            runs = [run_once(work, data, options) for _ in range(repeat)]
    except RunFailed as error:
        tell(f"{words} failed: {error}")
        return about | {"error": str(error)[-2000:]}
    return about | row_of(runs, sizes["n_interactions"])


def options_of(memory_limit: str | None, with_search: bool) -> list[str]:
    """Options of ``cfdist train``."""
    limit = ["--memory-limit", memory_limit] if memory_limit else []
    return limit if with_search else [*limit, *WITHOUT_USER_SEARCH]


def run_once(work: Workplace, data: Path, options: list[str]) -> ColdRun:
    """One cold run; what it wrote is removed, as the next one needs the room."""
    run = work.train(data, "grown", *options)
    tell(f"{run.wall_s:.1f} s, {run.peak_bytes / GIB:.2f} GiB")
    work.forget("grown")
    return run


def row_of(runs: list[ColdRun], n_interactions: int) -> dict[str, Any]:
    """Medians, and microseconds per interaction of every stage and of all but the search."""
    found = summarize_runs(runs)
    metrics = runs[-1].output["metrics"]
    searching = runs[-1].output["seconds"].get(SEARCH, 0.0)
    each = {name: MICRO * s / n_interactions for name, s in found["seconds"].items()}
    return found | {
        "n_profiles": metrics["n_profiles"],
        "nnz": metrics["nnz"],
        "search_s": searching,
        "microseconds_each": each,
        "outside_search_us": MICRO * (found["wall_s"] - searching) / n_interactions,
    }


def _compare_with_smallest(rows: list[dict[str, Any]]) -> None:
    """Cost outside the search as a multiple of that of the smallest size run alike."""
    for row in rows:
        alike = [r for r in rows if r["user_search"] == row["user_search"] and "error" not in r]
        if "error" not in row:
            row["times_smallest"] = row["outside_search_us"] / alike[0]["outside_search_us"]


def lines(rows: list[dict[str, Any]]) -> list[str]:
    """Two tables, with and without similar users: a column per size, a row per stage."""
    shown: list[str] = []
    for with_search in (True, False):
        alike = [row for row in rows if row["user_search"] == with_search]
        if alike:
            title = "With similar users" if with_search else "Without similar users"
            shown += [f"{title} (`neighbors.n_similar_users` = {20 if with_search else 0})", ""]
            shown += [*table(["", *map(_size, alike)], _cells(alike)), ""]
    return shown


def _size(row: Mapping[str, Any]) -> str:
    limit = f", {row['memory_limit']}" if row["memory_limit"] else ""
    return f"{row['n_interactions'] / 1e6:g} M{limit}"


def _cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Lines of one table, from what is known of each run."""
    stages = list(dict.fromkeys(name for row in rows for name in row.get("seconds", {})))
    counts = [(name, name[2:], ",d") for name in ("n_users", "n_articles")]
    counts += [("n_profiles", "distinct histories", ",d")]
    cells = [[words, *(_cell(row.get(key), form) for row in rows)] for key, words, form in counts]
    cells += [
        [f"{stage}, s", *(_cell(row.get("seconds", {}).get(stage), ".2f") for row in rows)]
        for stage in stages
    ]
    return cells + [
        [words, *(_figure(row, key) for row in rows)] for key, words in _FIGURES.items()
    ]


_FIGURES = {
    "wall_s": "**total, s**",
    "search_s": "of it the search, s",
    "outside_search_us": "**µs per interaction outside the search**",
    "times_smallest": "times the smallest",
    "peak_bytes": "peak memory, GiB",
    "anonymous_bytes": "of it no file's, GiB",
    "others_share": "taken by other programs, %",
}


def _figure(row: Mapping[str, Any], key: str) -> str:
    if "error" in row:
        return "failed" if key == "wall_s" else ""
    scale = GIB if key.endswith("_bytes") else 0.01 if key == "others_share" else 1
    return f"{row[key] / scale:.2f}"


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"


def _data(given: argparse.Namespace) -> dict[str, Any]:
    return {"sizes": given.sizes, "seed": given.seed, "memory_limit": given.memory_limit}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
