"""The figures that the page shows: one small JSON file per benchmark, kept beside the scripts."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("kept")
RESULTS = Path(__file__).with_name("results")


def document(
    name: str, rows: Sequence[Mapping[str, Any]], machine: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """What every benchmark keeps: its name, the day, the machine, the rows of its table."""
    day = datetime.now(UTC).date().isoformat()
    return {"name": name, "measured_on": day, "machine": machine, **more, "rows": list(rows)}


def write(path: Path, found: Mapping[str, Any]) -> None:
    """The document as JSON, with six digits of every figure, replaced at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(rounded(found), indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def read(name: str, folder: Path = KEPT) -> dict[str, Any] | None:
    """The document of a benchmark, or None if nobody has measured it."""
    try:
        found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def rounded(value: Any) -> Any:
    """Floats to six significant digits, so that a file says no more than was measured.

    Examples
    --------
    >>> rounded({"seconds": [1.23456789, 2.0], "n": 1234567})
    {'seconds': [1.23457, 2.0], 'n': 1234567}
    """
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value


def tell(message: str) -> None:
    """A line on standard error."""
    print(message, file=sys.stderr, flush=True)
