"""A log of the shapes of all calls, to be replayed against the real packages' signatures."""

import atexit
import json
import os
from pathlib import Path
from typing import Any

CallShape = tuple[str, int, tuple[str, ...]]
_calls: set[CallShape] = set()


def note(where: str, args: Any, keywords: Any) -> None:
    """Remember the shape of a call."""
    _calls.add((where, len(args), tuple(sorted(keywords))))


def calls() -> list[CallShape]:
    """Every call shape so far: name, number of positional arguments, sorted keywords."""
    return sorted(_calls)


def write_calls(path: str | Path) -> None:
    """Write them as JSON."""
    Path(path).write_text(json.dumps([list(shape) for shape in calls()], indent=0))


def clear() -> None:
    """Forget them."""
    _calls.clear()


def _leave_calls(folder: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    write_calls(Path(folder) / f"calls-{os.getpid()}.json")


if "CFDIST_STRICT_CALLS" in os.environ:
    atexit.register(_leave_calls, os.environ["CFDIST_STRICT_CALLS"])
