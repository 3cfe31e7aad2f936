"""``evaluation.json``: the full document of a comparison, beside the record of its run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cfdist.builds.files import write_atomic

FILE = "evaluation.json"
REPORT = "report.html"


def store_evaluation(
    runs: Path, run: str, result: Mapping[str, Any], *, with_ids: bool = False
) -> Path:
    """Keep the document, and its report, in the folder of its run; the path of the report."""
    from cfdist.evaluation.report import render  # a training draws no page, and starts sooner

    folder = runs / run
    write_atomic(folder / FILE, json.dumps(result, indent=1).encode())
    page = render(result, last=last_evaluation(runs, run, result), with_ids=with_ids)
    write_atomic(folder / REPORT, page.encode())
    return folder / REPORT


def last_evaluation(runs: Path, run: str, result: Mapping[str, Any]) -> dict[str, Any] | None:
    """The newest earlier document of the same metric on the same input."""
    about = ("input", "metric", "k", "articles")
    for name in sorted((path.parent.name for path in runs.glob(f"*/{FILE}")), reverse=True):
        found = read_evaluation(runs, name) if name < run else None
        if found and all(found.get(key) == result.get(key) for key in about):
            return found
    return None


def read_evaluation(runs: Path, run: str) -> dict[str, Any] | None:
    """The document of a run, or None where nothing was evaluated."""
    try:
        return dict(json.loads((runs / run / FILE).read_text()))
    except (FileNotFoundError, ValueError):
        return None
