"""Serve another build that is still there: pinned, or as the one that the next may replace."""

from pathlib import Path

from cfdist.builds import log
from cfdist.builds.build import Build
from cfdist.builds.files import sha256_of
from cfdist.builds.history import known_hashes, removed_builds
from cfdist.builds.log import Entry
from cfdist.builds.manifest import MANIFEST, parse_manifest
from cfdist.builds.named import PREVIOUS, resolve
from cfdist.errors import BuildError


def rollback(root: Path, build: str | None = None) -> Entry:
    """The new entry of the log: ``build`` is live and pinned.

    Parameters
    ----------
    build : str, optional
        Id, or the unique start of one; the build before the live one by default.

    Raises
    ------
    BuildError
        There is no such build, it was never published, or it is damaged.
    ConflictError
        Somebody published meanwhile: look again, and decide again.
    """
    return _serve(root, build or PREVIOUS, pinned=True)


def unpin(root: Path, build: str | None = None) -> Entry:
    """The new entry of the log: nothing is pinned, and the next ``train`` takes over again.

    What is live stays live unless ``build`` names another one; parameters and errors are those
    of :func:`rollback`. Nothing is written where nothing would change.

    Notes
    -----
    The build that waits is not made live by itself: it may have what the rollback was for.
    """
    live = log.live_entry(root)
    if live is None:
        raise BuildError(f"nothing is published in {root}", remedy="run `cfdist train` first")
    return _serve(root, build or live.build, pinned=False)


def verify(root: Path, build: str, manifest_sha256: str) -> Build:
    """The build, whose manifest has that hash and whose files exist with their size.

    Raises
    ------
    BuildError
        Names the file.
    """
    folder = log.build_folder(root, build)
    file = folder / MANIFEST
    remedy = "name another build; see `cfdist builds list`"
    if not file.is_file():
        raise BuildError(f"{file} is missing", remedy=remedy)
    if sha256_of(file) != manifest_sha256:
        raise BuildError(f"{file}: was changed after it was published", remedy=remedy)
    manifest = parse_manifest(file.read_bytes(), str(file))
    for entry in manifest.files:
        path = folder / entry.name
        if not path.is_file() or path.stat().st_size != entry.bytes:
            raise BuildError(f"{path}: is missing or has another size", remedy=remedy)
    return Build(folder, manifest)


def _serve(root: Path, name: str, pinned: bool) -> Entry:
    """Commit a build of the log anew.

    Notes
    -----
    The log is read before anything is looked at: whoever publishes or collects in between makes
    the commit fail.
    """
    entries = log.read_entries(root)
    if not entries:
        raise BuildError(f"nothing is published in {root}", remedy="run `cfdist train` first")
    live, build = entries[-1], resolve(root, name)
    if (live.build, live.pinned) == (build, pinned):
        _refresh_links(root, live)
        return live
    known = known_hashes(entries)
    if build in removed_builds(entries):
        raise BuildError(
            f"build {build} is being deleted by `cfdist builds gc`",
            remedy="name another build; see `cfdist builds list`",
        )
    if build not in known:
        raise BuildError(
            f"build {build} was never published: the gate refused it, or its run was stopped",
            remedy="to publish such a build all the same, run `cfdist train --force`",
        )
    manifest = verify(root, build, known[build]).manifest
    changes = {
        "build": build,
        "manifest_sha256": known[build],
        "pinned": pinned,
        "forced": manifest.forced,
    }
    waits = live.pinned and pinned and live.waiting != build
    changes |= {} if waits else {"waiting": None, "waiting_sha256": None}
    entry = log.append(root, log.follow(live, **changes))
    _refresh_links(root, entry)
    return entry


def _refresh_links(root: Path, entry: Entry) -> None:
    try:
        log.refresh_links(root)
    except OSError as error:
        raise BuildError(
            f"build {entry.build} is live, but the links in {root} could not be set: {error}",
            remedy="mend that and run the same command again",
        ) from error
