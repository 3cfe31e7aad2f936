"""``evaluation.json``: the full document of a comparison, beside the record of its run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cfdist.builds.files import write_atomic

FILE = "evaluation.json"
REPORT = "report.html"


def store_evaluation(runs: Path, run: str, result: Mapping[str, Any]) -> Path:
    """Keep the document in the folder of its run."""
    path = runs / run / FILE
    write_atomic(path, json.dumps(result, indent=1).encode())
    return path


def read_evaluation(runs: Path, run: str) -> dict[str, Any] | None:
    """The document of a run, or None where nothing was evaluated."""
    try:
        return dict(json.loads((runs / run / FILE).read_text()))
    except (FileNotFoundError, ValueError):
        return None
