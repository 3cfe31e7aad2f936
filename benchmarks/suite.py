"""All benchmarks one after the other; their figures are kept, and the page is written.

    python benchmarks/suite.py --data FOLDER

A part that fails does not end the others; its figures, as far as it got, are kept as well.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kept import KEPT, RESULTS, tell
from quality_tables import table

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Part:
    """One benchmark.

    Attributes
    ----------
    name : str
        Of its document, and of its script unless ``script_name`` says otherwise.
    options : sequence of str
        For its script.
    """

    name: str
    options: Sequence[str] = ()
    script_name: str | None = None

    @property
    def script(self) -> Path:
        """The file to run."""
        return HERE / f"{self.script_name or self.name}.py"


def parts(given: argparse.Namespace) -> list[Part]:
    """Every benchmark with the options for this run."""
    data = ["--data", str(given.data)] if given.data else []
    limit = ["--memory-limit", given.memory_limit] if given.memory_limit else []
    largest = ["--largest"] if given.largest else []
    every = [
        Part("reference_job", ["--experiment"]),
        Part("svd", data),
        Part("neighbors", data),
        Part("growth", [*limit, *largest]),
        Part("scaling"),
        Part("plan", data, script_name="plan_and_reality"),
    ]
    return [part for part in every if not given.only or part.name in given.only]


def run_part(part: Part, folder: Path) -> tuple[bool, float]:
    """Whether it ended well, and its seconds; its document goes to ``folder``."""
    written = RESULTS / "suite" / f"{part.name}.json"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.unlink(missing_ok=True)
    tell(f"\n{part.name}")
    started = time.perf_counter()
    command = [sys.executable, str(part.script), *part.options, "--json", str(written)]
    ended = subprocess.run(command, check=False)
    if written.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / written.name).write_bytes(written.read_bytes())
    return ended.returncode == 0, time.perf_counter() - started


def run_all(wanted: Sequence[Part], folder: Path) -> bool:
    """Whether all ended well; says how long each took."""
    found = {part.name: run_part(part, folder) for part in wanted}
    rows = [[n, "done" if good else "FAILED", f"{s / 60:.1f}"] for n, (good, s) in found.items()]
    tell("\n" + "\n".join(table(["part", "", "minutes"], rows)))
    return all(good for good, _ in found.values())


def main() -> None:
    """Run, keep, write the page."""
    parser = argparse.ArgumentParser(description="All benchmarks, and the page.")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="real data, see docs/quality.md"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these parts alone")
    parser.add_argument("--memory-limit", metavar="12GB", help="for growth")
    parser.add_argument("--largest", action="store_true", help="growth to 100 million, too")
    good = run_all(parts(parser.parse_args()), KEPT)
    import page

    page.write_page(KEPT, page.PAGE)
    tell(f"written: {page.PAGE}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
