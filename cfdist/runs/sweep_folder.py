"""The folder of a sweep within that of its run: what it varies, and who works in it."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cfdist.builds.files import write_atomic
from cfdist.config import Config, flatten
from cfdist.errors import ConfigError, ConflictError, DataError
from cfdist.evaluation.candidates import FITTED_SECTIONS
from cfdist.redact import redact
from cfdist.runs.space import Space

FOLDER = "sweep"
ABOUT = "sweep.json"
SPACE_FILE = "space.toml"
LOCK = "lock"


def described(config: Config, space: Space) -> dict[str, Any]:
    """What must be the same for a sweep to go on: the space, and settings that trials read."""
    sections = {"ingest", "evaluation", *FITTED_SECTIONS}
    settings = flatten(redact(config.model_dump(mode="json", include=sections)))
    return {"space": space.described(), "settings": settings}


def require_same(runs: Path, run: str, about: Mapping[str, Any]) -> None:
    """Refuse to go on with other trials than those that a run has.

    Parameters
    ----------
    about : mapping
        As :func:`described` returns it, with ``input`` where that is known.

    Raises
    ------
    ConfigError
        The space or a setting differs; the message names the first.
    DataError
        The run is no sweep, or the input has changed since.
    """
    stored = _stored(runs, run)
    for part in ("space", "settings"):
        before, now = stored[part], json.loads(json.dumps(about[part]))
        for key in dict.fromkeys([*before, *now]):
            if before.get(key) != now.get(key):
                raise ConfigError(
                    f"{key} = {now.get(key)!r}, and in the sweep {run} it was {before.get(key)!r}",
                    remedy="give the same, or start a new sweep without --resume",
                )
    if stored["input"] != about.get("input", stored["input"]):
        raise DataError(
            f"the input or an installed library has changed since the sweep {run} began",
            remedy="start a new sweep, without --resume",
        )


def stored_space(runs: Path, run: str) -> Path:
    """The file of what the sweep of a run varies.

    Raises
    ------
    DataError
        The run is no sweep.
    """
    _stored(runs, run)
    return runs / run / FOLDER / SPACE_FILE


def _stored(runs: Path, run: str) -> dict[str, Any]:
    try:
        return dict(json.loads((runs / run / FOLDER / ABOUT).read_text()))
    except (OSError, ValueError):
        raise DataError(
            f"the run {run} has no sweep to go on with", remedy="see `cfdist runs list`"
        ) from None


def begin(folder: Path, about: Mapping[str, Any], space: Space) -> None:
    """Make the folder of a sweep, or check that the one there is of the same.

    Raises
    ------
    ConfigError, DataError
        See :func:`require_same`.
    """
    if (folder / ABOUT).is_file():
        require_same(folder.parent.parent, folder.parent.name, about)
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / SPACE_FILE, space.text.encode())
    write_atomic(folder / ABOUT, json.dumps(about, indent=1).encode())


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else adds trials meanwhile.

    Raises
    ------
    ConflictError
        Another process does.
    """
    with open(folder / LOCK, "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                f"another process works on the sweep in {folder}", remedy="wait until it ends"
            ) from None
        yield
