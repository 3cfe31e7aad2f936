"""Small sizes in a few minutes: whether a ratio to a peer has fallen since it was kept.

    python benchmarks/quick.py            # exit code 1 if one fell by more than a third
    python benchmarks/quick.py --keep     # what was measured is what later runs are compared with

Ratios are compared and not seconds: both sides run on the same machine, one after the other.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kept import KEPT, RESULTS, document, read, write
from machine import describe_machine
from quality_tables import table
from report import MAX_OTHERS_SHARE
from suite import Part, run_all
from synthetic import NAMES, QUICK

NAME = "quick"
LEAST_SHARE = 2 / 3
STAGES = ("total", "factorize", "neighbors", "peak memory")
SIZES = [f"--{name[2:]}={QUICK[name]}" for name in NAMES]
PARTS = (Part("reference_job", SIZES), Part("svd", ["--quick"]), Part("neighbors", ["--quick"]))


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(description="Ratios at small sizes against the kept ones.")
    parser.add_argument("--keep", action="store_true", help="store these ratios")
    given = parser.parse_args()
    machine = describe_machine()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS, prefix="quick-") as folder:
        good = run_all(PARTS, Path(folder))
        documents = {part.name: read(part.name, Path(folder)) for part in PARTS}
    now, taken = dict(ratios_of(documents)), disturbance(documents)
    before = (read(NAME) or {}).get("ratios", {})
    print("\n".join(lines(before, now)))
    if taken > MAX_OTHERS_SHARE:
        print(f"\nOther programs took up to {taken:.0%} of the machine: measure on an idle one.")
    if given.keep and good:
        write(KEPT / f"{NAME}.json", document(NAME, [], machine, ratios=now, data=QUICK))
    elif given.keep:
        print("\nNothing is stored: a part failed.")
    worse = fallen(before, now)
    if worse:
        print(f"\nFell by more than a third: {', '.join(worse)}")
    sys.exit(0 if good and not worse else 1)


def ratios_of(documents: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Name and ratio of everything that is compared: peer over cfdist."""
    for stage in STAGES:
        ratio = ((documents.get("reference_job") or {}).get("ratios") or {}).get(stage)
        if ratio is not None:
            yield f"reference job, {stage}", ratio
    for name in ("svd", "neighbors"):
        for row in (documents.get(name) or {}).get("rows", []):
            ratio = row.get("ratio_to_cfdist")
            if ratio is not None and not row["peer"].startswith("cfdist"):
                words = (name, row["peer"], row.get("searched"))
                yield ", ".join(word for word in words if word), ratio


def disturbance(documents: Mapping[str, Any]) -> float:
    """Largest share of the machine that other programs took during a measurement."""
    found = [document for document in documents.values() if document]
    runs = [document[side] for document in found for side in ("train", "peer") if side in document]
    rows = [row for document in found for row in document["rows"]]
    return max((one.get("others_share", 0.0) for one in (*runs, *rows)), default=0.0)


def fallen(before: Mapping[str, float], now: Mapping[str, float]) -> list[str]:
    """Names of ratios that fell by more than a third. One that was not measured did not fall.

    Examples
    --------
    >>> fallen({"a": 9.0, "b": 9.0, "c": 9.0}, {"a": 6.1, "b": 5.9})
    ['b']
    """
    return [name for name in before if now.get(name, before[name]) < LEAST_SHARE * before[name]]


def lines(before: Mapping[str, float], now: Mapping[str, float]) -> list[str]:
    """Kept and present ratios side by side."""
    worse = fallen(before, now)
    rows = [
        [name, _said(before.get(name)), _said(now.get(name)), "FELL" if name in worse else ""]
        for name in dict.fromkeys((*before, *now))
    ]
    return table(["ratio to cfdist", "kept", "now", ""], rows)


def _said(ratio: float | None) -> str:
    return "not measured" if ratio is None else f"{ratio:.2f}"


if __name__ == "__main__":
    main()
