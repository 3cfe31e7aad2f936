"""What lists and pairs are worth on held-out purchases: the tables of docs/quality.md.

    python benchmarks/quality.py gowalla --data FOLDER
    python benchmarks/quality.py complete-journey --data FOLDER
    python benchmarks/quality.py online-retail --data FOLDER
    python benchmarks/quality.py repeat --data FOLDER

Candidates and peers are judged by the product's own evaluator on the same users. The tables are
Markdown; ``--json FILE`` keeps every figure. Seconds are hints, everything else is a result.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import quality_gowalla_run
import quality_repeat
import quality_shops
from machine import describe_machine, machine_lines
from quality_shops import COMPLETE_JOURNEY, ONLINE_RETAIL

from cfdist.evaluation.intervals import Estimate


def main() -> None:
    """Measure and print."""
    given = parse_arguments()
    machine = describe_machine()
    found, lines = measure(given)
    print("\n".join([*machine_lines(machine), "", *lines]))
    if given.json:
        document = {"machine": machine, "measured": given.what} | found
        given.json.write_text(json.dumps(plain(document), indent=1))


def measure(given: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """The figures that were asked for, and the lines that show them."""
    if given.what == "gowalla":
        return quality_gowalla_run.run(given.data, choosing=given.choose, only=given.only)
    if given.what == "repeat":
        return quality_repeat.run(given.data)
    shop = COMPLETE_JOURNEY if given.what == "complete-journey" else ONLINE_RETAIL
    return quality_shops.run(shop, given.data, with_peers=not given.skip_peers)


def plain(value: Any) -> Any:
    """JSON values: estimates as tables, with their names."""
    if isinstance(value, Estimate):
        return value._asdict()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Quality of lists on held-out purchases.")
    kinds = parser.add_subparsers(dest="what", required=True)
    for name in ("gowalla", "complete-journey", "online-retail", "repeat"):
        kind = kinds.add_parser(name)
        kind.add_argument("--data", type=Path, required=True, metavar="FOLDER")
        kind.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
        if name == "gowalla":
            kind.add_argument(
                "--choose", action="store_true", help="settings compared within train, without test"
            )
            kind.add_argument("--only", nargs="+", metavar="NAME", help="these candidates alone")
        elif name != "repeat":
            kind.add_argument("--skip-peers", action="store_true", help="candidates alone")
    given = parser.parse_args()
    needs_peers = given.what in ("complete-journey", "online-retail") and not given.skip_peers
    if needs_peers and not find_spec("implicit"):
        parser.error("the peers need implicit: pip install --editable '.[bench]'")
    return given


if __name__ == "__main__":
    try:
        main()
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} is not there: see docs/quality.md")
