"""The publish log: which build is live. One put-if-absent file per commit decides."""

import json
import os
import re
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from cfdist.errors import BuildError, ConflictError

LOG = "_log"
BUILDS = "builds"
CURRENT = "current"
_ENTRY = re.compile(r"^(\d{20})\.json$")
_BUILD_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


@dataclass(frozen=True)
class Entry:
    """One line of the history of a root: from then on ``build`` is live."""

    number: int
    build: str
    manifest_sha256: str
    committed_at: float
    pinned: bool = False


def read_entries(root: Path) -> list[Entry]:
    """All commits, oldest first; files of other names are ignored."""
    folder = root / LOG
    if not folder.is_dir():
        return []
    names = sorted(name for name in os.listdir(folder) if _ENTRY.match(name))
    return [_read_entry(folder / name) for name in names]


def live_entry(root: Path) -> Entry | None:
    """The highest commit, or None in a root that has none."""
    folder = root / LOG
    names = [name for name in os.listdir(folder) if _ENTRY.match(name)] if folder.is_dir() else []
    return _read_entry(folder / max(names)) if names else None


def commit(root: Path, build: str, manifest_sha256: str, after: Entry | None) -> Entry:
    """Make ``build`` live if nobody has committed since ``after``.

    Raises
    ------
    ConflictError
        Another publisher won; its build stays live and nothing of it was touched.

    Notes
    -----
    ``os.link`` from a complete, synced temporary file fails if the entry exists, on every POSIX
    file system; ``os.replace`` would let two writers both succeed.
    """
    if not _BUILD_ID.match(build):
        raise BuildError(f"{build!r} is no name for a build")
    number = after.number + 1 if after else 1
    entry = Entry(number, build, manifest_sha256, time.time())
    folder = root / LOG
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"{number:020d}.json"
    temporary = folder / f".{uuid.uuid4().hex}.tmp"
    try:
        write_synced(temporary, json.dumps(asdict(entry)).encode())
        os.link(temporary, final)
    except FileExistsError:
        raise ConflictError(
            f"another publisher committed build {_read_entry(final).build} to {root} first; "
            f"build {build} was left out",
            remedy="run the same command again",
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(folder)
    return entry


def build_folder(root: Path, build: str) -> Path:
    """Where a build lies; its name cannot leave the root."""
    if not _BUILD_ID.match(build):
        raise BuildError(f"{build!r} is no name for a build", remedy="see `cfdist builds list`")
    return root / BUILDS / build


def refresh_links(root: Path, entry: Entry) -> list[str]:
    """Point ``current`` and the old paths at the live build. Conveniences only.

    Two publishers may do this in any order: each sets the links to the highest entry it sees.
    Returned are the names that stay hidden behind files which no publisher made.
    """
    entry = live_entry(root) or entry
    _replace_link(root / CURRENT, Path(BUILDS) / entry.build)
    hidden = []
    for file in sorted((root / BUILDS / entry.build).iterdir()):
        target = root / file.name
        if target.is_symlink() or not target.exists():
            _replace_link(target, Path(CURRENT) / file.name)
        else:
            hidden.append(file.name)
    for link in root.iterdir():  # to files that an earlier build had
        if link.is_symlink() and not link.exists() and os.readlink(link).startswith(f"{CURRENT}/"):
            link.unlink(missing_ok=True)
    return hidden


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and make it durable."""
    with open(path, "xb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def write_atomic(path: Path, content: bytes) -> None:
    """Replace a small file as a whole."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    write_synced(temporary, content)
    os.replace(temporary, path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace_link(link: Path, target: Path) -> None:
    temporary = link.with_name(f".{link.name}.{uuid.uuid4().hex}")
    os.symlink(target, temporary)
    try:
        os.replace(temporary, link)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _read_entry(path: Path) -> Entry:
    try:
        return Entry(**json.loads(path.read_text()))
    except (json.JSONDecodeError, TypeError) as error:
        raise BuildError(
            f"{path}: is not an entry of the publish log: {error}",
            remedy="restore it, or remove it to fall back to the commit before",
        ) from error
