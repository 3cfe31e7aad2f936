"""Delete builds that nobody reads any more."""

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cfdist.builds import log
from cfdist.builds.history import committed, last_live, published_builds, removed_builds
from cfdist.builds.log import Entry
from cfdist.builds.manifest import MANIFEST, parse_manifest
from cfdist.errors import BuildError

DAY_S = 86_400.0
TRASH = ".trash-"

KEEP = 5
OLDER_THAN_DAYS = 7.0


@dataclass(frozen=True)
class Removed:
    """A folder that was deleted, or would be.

    Attributes
    ----------
    why : str
        ``old``, ``refused``, ``never published``, ``half-written`` or ``left by a stopped gc``.
    """

    build: str
    why: str
    bytes: int


def collect(
    root: Path, keep: int = KEEP, older_than_days: float = OLDER_THAN_DAYS, dry_run: bool = False
) -> list[Removed]:
    """What was deleted.

    Parameters
    ----------
    keep : int
        So many builds of the log stay, the newest.
    older_than_days : float
        Younger builds stay, the refused ones included.
    dry_run : bool
        Say it and do nothing.

    Raises
    ------
    ConflictError
        Somebody published meanwhile; nothing was deleted.

    Notes
    -----
    The live build stays, and what was live within a day, as readers may still have it open; with
    a pin what waits behind it, too. What has no manifest, or never got into the log, may belong
    to a publisher at work, and stays a day.

    Builds of the log are first declared removed in an entry of it: a rollback to one of them that
    read the log before then fails at its own commit. Folders are renamed aside before they are
    deleted, so that no reader finds half of one, and looked at again after the renaming: what a
    publisher completed in that moment is put back.
    """
    entries = log.read_entries(root)
    found = list(_candidates(root, entries, keep, older_than_days, time.time()))
    if dry_run or not found:
        return found
    known = set(published_builds(entries))
    declared = tuple(item.build for item in found if item.build in known)
    if declared:
        log.append(root, log.follow(entries[-1], removed=declared))
    return [item for item in found if _delete(root, item)]


def _candidates(
    root: Path, entries: list[Entry], keep: int, older_than_days: float, now: float
) -> Iterator[Removed]:
    old, removed = now - older_than_days * DAY_S, removed_builds(entries)
    published, kept = published_builds(entries), _kept(entries, keep, now)
    times = committed(entries)
    for path in _folders(root):
        name = path.name
        with suppress(FileNotFoundError):  # another gc was as quick
            if name in published:
                why = "old" if name not in kept and times[name] <= old else ""
            elif name in removed or name.startswith(TRASH):
                gone = name in removed or path.stat().st_ctime < now - DAY_S
                why = "left by a stopped gc" if gone else ""
            else:
                why = _unpublished(path, old, now)
            if why:
                yield Removed(name, why, _size(path))


def _folders(root: Path) -> list[Path]:
    folder = root / log.BUILDS
    names = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in names if path.is_dir() and not path.is_symlink()]


def _kept(entries: list[Entry], keep: int, now: float) -> set[str]:
    """Builds of the log that stay whatever their age."""
    waiting = {entries[-1].waiting or ""} if entries else set()
    # the live build was live just now, so it is among these
    recent = {build for build, end in last_live(entries, now).items() if end > now - DAY_S}
    return waiting | recent | set(published_builds(entries)[:keep])


def _unpublished(path: Path, old: float, now: float) -> str:
    """Why a folder that the log does not name can go; empty where it stays."""
    changed = _changed(path)
    file = path / MANIFEST
    if not file.is_file():
        return "half-written" if changed < now - DAY_S else ""
    with suppress(BuildError):
        if parse_manifest(file.read_bytes(), str(file)).refused:
            return "refused" if changed <= old else ""
    return "never published" if changed < min(old, now - DAY_S) else ""


def _delete(root: Path, item: Removed) -> bool:
    """Rename aside, look again, delete; False where the folder is wanted after all."""
    folder = root / log.BUILDS
    path = folder / item.build
    if item.build.startswith(TRASH):
        shutil.rmtree(path, ignore_errors=True)
        return True
    aside = folder / f"{TRASH}{item.build}-{uuid.uuid4().hex[:8]}"
    try:
        os.rename(path, aside)
    except FileNotFoundError:  # another gc was as quick
        return False
    if _completed(root, item, aside):
        os.rename(aside, path)
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True


def _completed(root: Path, item: Removed, aside: Path) -> bool:
    """Whether a publisher came back to a folder that looked abandoned."""
    if item.why == "half-written" and (aside / MANIFEST).is_file():
        return True
    entries = log.read_entries(root)
    return item.build in published_builds(entries)


def _changed(path: Path) -> float:
    """Newest change of a folder and of what lies directly in it."""
    return max(p.stat().st_mtime for p in [path, *path.iterdir()])


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
