"""The publish log: which build is live. One put-if-absent file per commit decides."""

import json
import os
import re
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from cfdist.builds.files import sync, write_synced
from cfdist.errors import BuildError, ConflictError

LOG = "_log"
BUILDS = "builds"
CURRENT = "current"
_ENTRY = re.compile(r"^(\d{20})\.json$")
_REQUIRED = ("number", "build", "manifest_sha256", "committed_at")
_BUILD_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


@dataclass(frozen=True)
class Entry:
    """One line of the history of a root: from then on ``build`` is live.

    Attributes
    ----------
    pinned : bool
        ``build`` stays live whatever is published, until it is unpinned.
    forced : bool
        ``build`` went live although the gate refused it.
    waiting, waiting_sha256 : str or None
        The newest build that was published behind the pin, and the hash of its manifest.
    removed : tuple of str
        Builds that whoever wrote this entry went on to delete.
    """

    number: int
    build: str
    manifest_sha256: str
    committed_at: float
    pinned: bool = False
    forced: bool = False
    waiting: str | None = None
    waiting_sha256: str | None = None
    removed: tuple[str, ...] = ()


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


def commit(
    root: Path, build: str, manifest_sha256: str, after: Entry | None, forced: bool = False
) -> Entry:
    """Make ``build`` live if nobody has committed since ``after``.

    Raises
    ------
    ConflictError
        Another publisher won; its build stays live and nothing of it was touched.
    """
    if not _BUILD_ID.match(build):
        raise BuildError(f"{build!r} is no name for a build", remedy="see `cfdist builds list`")
    number = after.number + 1 if after else 1
    return append(root, Entry(number, build, manifest_sha256, time.time(), forced=forced))


def follow(after: Entry, **changes: Any) -> Entry:
    """The entry to write after ``after``: the same build live, with these fields changed."""
    fresh: dict[str, Any] = {"number": after.number + 1, "committed_at": time.time(), "removed": ()}
    return replace(after, **(fresh | changes))


def append(root: Path, entry: Entry) -> Entry:
    """Write ``entry`` if its number is still free.

    Raises
    ------
    ConflictError
        Somebody else wrote that entry first.

    Notes
    -----
    ``os.link`` from a complete, synced temporary file fails if the entry exists, on every POSIX
    file system; ``os.replace`` would let two writers both succeed.
    """
    folder = root / LOG
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"{entry.number:020d}.json"
    temporary = folder / f".{uuid.uuid4().hex}.tmp"
    try:
        write_synced(temporary, json.dumps(_stored(entry)).encode())
        _put_if_absent(temporary, final)
    except FileExistsError:
        raise ConflictError(
            f"another publisher committed build {_read_entry(final).build} to {root} first; "
            "this command was left out and changed nothing",
            remedy="run the same command again",
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
    sync(folder)
    return entry


def build_folder(root: Path, build: str) -> Path:
    """Where a build lies; its name cannot leave the root."""
    if not _BUILD_ID.match(build):
        raise BuildError(f"{build!r} is no name for a build", remedy="see `cfdist builds list`")
    return root / BUILDS / build


def refresh_links(root: Path) -> list[str]:
    """Point ``current`` and the old paths at the live build. Conveniences only.

    Returned are the names that stay hidden behind files which no publisher made.

    Notes
    -----
    Two publishers may do this at once and in any order: each goes on until the entry that it
    linked is still the highest, so the last one to look leaves the links right.
    """
    while (entry := live_entry(root)) is not None:
        names = sorted(file.name for file in build_folder(root, entry.build).iterdir())
        _replace_link(root / CURRENT, Path(BUILDS) / entry.build)
        hidden = [name for name in names if not _link_name(root, name)]
        _remove_dangling(root)
        if live_entry(root) == entry:
            return hidden
    return []


def _link_name(root: Path, name: str) -> bool:
    """Link one file of the live build at its old path; False where a user's file lies there."""
    target = root / name
    if target.exists() and not target.is_symlink():
        return False
    _replace_link(target, Path(CURRENT) / name)
    return True


def _remove_dangling(root: Path) -> None:
    """Remove links to files that only an earlier build had."""
    for link in root.iterdir():
        with suppress(FileNotFoundError):  # another publisher was as quick
            ours = link.is_symlink() and os.readlink(link).startswith(f"{CURRENT}/")
            if ours and not link.exists() and not link.name.startswith("."):
                link.unlink()


def _put_if_absent(temporary: Path, final: Path) -> None:
    """Link, or raise FileExistsError; on NFS a repeated request says so although it was ours."""
    try:
        os.link(temporary, final)
    except FileExistsError:
        if not os.path.samefile(temporary, final):
            raise


def _replace_link(link: Path, target: Path) -> None:
    temporary = link.with_name(f".{link.name}.{uuid.uuid4().hex}")
    os.symlink(target, temporary)
    try:
        os.replace(temporary, link)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _stored(entry: Entry) -> dict[str, Any]:
    """The fields that say something, so that a plain commit stays five words long."""
    return {name: value for name, value in asdict(entry).items() if value or name in _REQUIRED}


def _read_entry(path: Path) -> Entry:
    try:
        stored = json.loads(path.read_text())
        known = {f.name: stored[f.name] for f in fields(Entry) if f.name in stored}
        return Entry(**(known | {"removed": tuple(known.get("removed", ()))}))
    except (ValueError, AttributeError, TypeError) as error:
        raise BuildError(
            f"{path}: is not an entry of the publish log: {error}",
            remedy="restore it, or remove it to fall back to the commit before",
        ) from error
