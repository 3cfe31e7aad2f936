"""``run.json``: settings, outcome, numbers and seconds of one run."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cfdist.builds.files import write_atomic
from cfdist.errors import DataError

FILE = "run.json"


@dataclass
class RunRecord:
    """One run.

    Attributes
    ----------
    status : str
        ``running``, ``done``, ``published``, ``refused``, ``failed`` or ``cancelled``.
    """

    run: str
    command: str
    status: str = "running"
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    total_seconds: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    resumed: list[str] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    backend: str = "cpu"
    transfers: dict[str, dict[str, int]] = field(default_factory=dict)
    build: str | None = None
    error: str | None = None
    pid: int = field(default_factory=os.getpid)

    def write(self, runs: Path) -> None:
        """Store the record in its folder."""
        folder = runs / self.run
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / FILE, json.dumps(asdict(self), indent=1).encode())


def describe(record: RunRecord) -> dict[str, Any]:
    """The record as JSON values, for ``--json``."""
    return asdict(record)


def new_run_id() -> str:
    """Sortable by time to the millisecond, unique by four random bytes.

    Examples
    --------
    >>> len(new_run_id())
    28
    """
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{secrets.token_hex(4)}"


def read_run(runs: Path, run: str) -> RunRecord:
    """The record of one run, by its id or the unique start of it.

    Raises
    ------
    DataError
        There is no such run.
    """
    names = [name for name in _run_names(runs) if name.startswith(run)]
    if len(names) != 1:
        several = f"; {len(names)} runs start so" if names else ""
        raise DataError(
            f"there is no run {run!r} in {runs}{several}", remedy="see `cfdist runs list`"
        )
    record = _read(runs / names[0] / FILE)
    if record is None:
        raise DataError(
            f"{runs / names[0] / FILE}: cannot be read", remedy="remove the folder of the run"
        )
    return record


def list_runs(runs: Path) -> list[RunRecord]:
    """All records that can be read, oldest first."""
    records = [_read(runs / name / FILE) for name in _run_names(runs)]
    return [record for record in records if record is not None]


def _read(file: Path) -> RunRecord | None:
    """A record, its unknown fields left out; None for what is no record."""
    known = {field.name for field in fields(RunRecord)}
    try:
        stored = json.loads(file.read_text())
        return RunRecord(**{name: stored[name] for name in known & set(stored)})
    except (OSError, TypeError, ValueError):
        return None


def last_like(runs: Path, record: RunRecord) -> RunRecord | None:
    """The newest earlier run of the same command on the same input that ended well."""
    finished = [
        run
        for run in list_runs(runs)
        if run.run < record.run
        and run.command == record.command
        and run.status in ("done", "published")
        and _input(run) == _input(record)
    ]
    return finished[-1] if finished else None


def _input(run: RunRecord) -> object:
    return run.settings.get("ingest", {}).get("input")


def _run_names(runs: Path) -> list[str]:
    if not runs.is_dir():
        return []
    return sorted(name for name in os.listdir(runs) if (runs / name / FILE).is_file())
