"""Writes docs/benchmarks.md and its plots from the figures in benchmarks/kept.

python benchmarks/page.py
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aims
import growth
import neighbors
import report
import scaling
import svd
from kept import KEPT, read
from machine import machine_lines
from quality_tables import table
from synthetic import in_words

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
GIB = 2**30
NAMES = ("reference_job", "svd", "neighbors", "growth", "scaling", "plan")
Document = Mapping[str, Any]
INTRODUCTION = """\
`make bench` measures all of this again and writes this page. Peers and cfdist run one after the
other in one run, on the same data and all cores, warmed up; figures are medians. **Ratios are
results, seconds are hints.** A ratio is the peer's seconds over those of cfdist: above 1 cfdist is
faster. What each benchmark does is in [benchmarks/README.md](../benchmarks/README.md)."""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description="The page of the kept figures.")
    parser.add_argument("--kept", type=Path, default=KEPT, metavar="FOLDER")
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE")
    given = parser.parse_args()
    write_page(given.kept, given.page)


def write_page(folder: Path, page: Path) -> None:
    """The page and its plots in ``images`` beside it, from the documents in ``folder``."""
    documents = {name: found for name in NAMES if (found := read(name, folder))}
    page.parent.mkdir(parents=True, exist_ok=True)
    draw(documents, page.parent / "images")
    page.write_text("\n".join(lines(documents)) + "\n", encoding="utf-8")


def draw(documents: Mapping[str, Document], images: Path) -> None:
    """A plot of each benchmark that has one."""
    import plots  # matplotlib is needed here alone

    drawings: dict[str, Callable[[Document, Path], None]] = {
        "reference_job": plots.reference_job,
        "neighbors": plots.neighbors,
        "growth": plots.growth,
    }
    for name, drawing in drawings.items():
        if name in documents:
            drawing(documents[name], images / f"benchmark-{name.replace('_', '-')}.svg")


def lines(documents: Mapping[str, Document]) -> list[str]:
    """Everything on the page."""
    shown = [
        "# Benchmarks: what was aimed at, and what was measured",
        "",
        "<!-- Written by benchmarks/page.py from benchmarks/kept/*.json: change those. -->",
        *INTRODUCTION.splitlines(),
        "",
        "## Aims",
        "",
        *table(["aim", "wanted", "measured", "reached"], aims.rows(documents)),
        "",
    ]
    for name, (title, command, section) in SECTIONS.items():
        shown += [f"## {title}", "", f"`{command}`", ""]
        found = documents.get(name)
        shown += [*measured_on(found), "", *section(found)] if found else ["Not measured yet."]
        shown.append("")
    return shown[:-1]


def measured_on(document: Document) -> list[str]:
    """Day, machine and versions."""
    machine = document.get("machine", {})
    day = document.get("measured_on")
    said = machine_lines(machine)[:2] if machine else []
    return ["; ".join(filter(None, [day, *said])) + "."]


def reference_section(document: Document) -> list[str]:
    """Stages of cfdist beside the peer's."""
    ours, theirs = document["train"], document.get("peer")
    ratios = document.get("ratios", {})
    rows = [
        [name, *_seconds(name, ours, theirs), _ratio(ratios.get(name))] for name in ours["seconds"]
    ]
    for key, words in (("wall_s", "total"), ("cpu_s", "cpu")):
        cells = [f"{run[key]:.2f}" if run else "" for run in (ours, theirs)]
        rows.append([f"**{words}**", *cells, _ratio(ratios.get(words))])
    memory = [f"{run['peak_bytes'] / GIB:.2f} GiB" if run else "" for run in (ours, theirs)]
    rows.append(["peak memory", *memory, _ratio(ratios.get("peak memory"))])
    shown = [f"{in_words(document['data'])}; cold processes, medians."]
    shown += ["", *table(["", "cfdist, s", "peer, s", "ratio"], rows), ""]
    if theirs:
        shown += [report.distinct_line(document["metrics"], ours, theirs), ""]
    shown += [f"{line}\n" for line in report.disturbance_lines(ours, theirs)]
    shown += experiment_lines(document)
    shown += [f"- {line}" for line in report.agreement_lines(document["agreement"])]
    return [*shown, "", "![Seconds per stage](images/benchmark-reference-job.svg)"]


def experiment_lines(document: Document) -> list[str]:
    """Total and peak memory of the two experiments."""
    rows = [
        [words, f"{run['wall_s']:.2f}", f"{run['peak_bytes'] / GIB:.2f} GiB"]
        for key, words in (("variance", "variance and lists"), ("experiment", "and recall"))
        if (run := document.get(key))
    ]
    return [*table(["`cfdist experiment`", "s", "peak memory"], rows), ""] if rows else []


def svd_section(document: Document) -> list[str]:
    """A table per matrix."""
    return svd.lines(document["rows"], document["data"])


def neighbors_section(document: Document) -> list[str]:
    """A table per comparison, and what holds for all."""
    worst = max((r.get("largest_error", 0.0) for r in document["rows"]), default=0.0)
    return [
        *neighbors.lines(document["rows"]),
        f"Recall is of {neighbors.N_JUDGED} queries against brute force in float64; cosines of "
        f"cfdist are off by {worst:.0e} at most. Scaled: seconds of the queries that were timed, "
        "times all over these, and the build of the index once. cfdist finds the neighbours with "
        "another article set, and of every distinct history.",
        "",
        "![Ratios to cfdist](images/benchmark-neighbors.svg)",
    ]


def growth_section(document: Document) -> list[str]:
    """The tables and the plot."""
    failed = [
        f"{in_words(row)}: failed, {row['error'].strip().splitlines()[-1]}"
        for row in document["rows"]
        if "error" in row
    ]
    image = "![Cost per interaction](images/benchmark-growth.svg)"
    return [*growth.lines(document["rows"]), *failed, image]


def scaling_section(document: Document) -> list[str]:
    """Speed-up per stage."""
    return [in_words(document["data"]), "", *scaling.lines(document)]


def plan_section(document: Document) -> list[str]:
    """Planned beside measured, for each data set."""
    kinds = (("bytes", GIB, "GiB"), ("seconds", 1, "s"))
    head = ["", *(f"{word}, {unit}" for _, _, unit in kinds for word in ("planned", "measured"))]
    rows = [
        [
            row.get("data_set", row.get("name", "")),
            *(
                _figure({"x": row.get(f"{word}_{kind}")}, "x", ".2f", scale)
                for kind, scale, _ in kinds
                for word in ("planned", "measured")
            ),
        ]
        for row in document["rows"]
    ]
    return table(head, rows)


SECTIONS: dict[str, tuple[str, str, Callable[[Document], Sequence[str]]]] = {
    "reference_job": (
        "The reference job", "python benchmarks/reference_job.py --experiment", reference_section
    ),
    "svd": ("Truncated SVD", "python benchmarks/svd.py --data FOLDER", svd_section),
    "neighbors": (
        "Similar users and articles", "python benchmarks/neighbors.py --data FOLDER",
        neighbors_section,
    ),
    "growth": ("Growth", "python benchmarks/growth.py", growth_section),
    "scaling": ("One and two workers", "python benchmarks/scaling.py", scaling_section),
    "plan": (
        "Plan and reality", "python benchmarks/plan_and_reality.py --data FOLDER", plan_section
    ),
}  # fmt: skip
"""Name of the document → heading, command, what is shown."""


def _seconds(name: str, ours: Document, theirs: Document | None) -> list[str]:
    runs = (ours, theirs or {"seconds": {}})
    return [f"{run['seconds'][name]:.2f}" if name in run["seconds"] else "" for run in runs]


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.1f}"


def _figure(row: Document, key: str, form: str, scale: float = 1) -> str:
    value = row.get(key)
    return "" if value is None else f"{value / scale:{form}}"


if __name__ == "__main__":
    main()
