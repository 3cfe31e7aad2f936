"""What the publish log says about builds: their hashes, who was live before, and until when."""

from collections.abc import Sequence

from cfdist.builds.log import Entry


def known_hashes(entries: Sequence[Entry]) -> dict[str, str]:
    """Build → sha256 of its manifest, of all that were ever live or waited behind a pin."""
    hashes: dict[str, str] = {}
    for entry in entries:
        hashes[entry.build] = entry.manifest_sha256
        if entry.waiting and entry.waiting_sha256:
            hashes[entry.waiting] = entry.waiting_sha256
    return hashes


def removed_builds(entries: Sequence[Entry]) -> set[str]:
    """Builds that the log declares deleted."""
    return {build for entry in entries for build in entry.removed}


def published_builds(entries: Sequence[Entry]) -> list[str]:
    """Builds of the log that were not removed, each once, the one published last first."""
    removed = removed_builds(entries)
    order = [name for entry in entries for name in (entry.build, entry.waiting) if name]
    return [name for name in reversed(dict.fromkeys(order)) if name not in removed]


def builds_before(entries: Sequence[Entry]) -> list[str]:
    """Builds that were live before the live one first was, newest first, without removed ones.

    Notes
    -----
    Counted from the *first* time: after a rollback from B to A the one before A is not B, so a
    second rollback goes further back and not forward to what was just left.
    """
    if not entries:
        return []
    live = entries[-1].build
    first = next(number for number, entry in enumerate(entries) if entry.build == live)
    removed = removed_builds(entries)
    earlier = dict.fromkeys(entry.build for entry in reversed(entries[:first]))
    return [name for name in earlier if name not in removed]


def last_live(entries: Sequence[Entry], now: float) -> dict[str, float]:
    """Build → the last moment at which it was live, in seconds since 1970."""
    ends = [entry.committed_at for entry in entries[1:]] + [now]
    return {entry.build: end for entry, end in zip(entries, ends, strict=True)} if entries else {}


def committed(entries: Sequence[Entry]) -> dict[str, float]:
    """Build → when it first went live or began to wait, in seconds since 1970."""
    times: dict[str, float] = {}
    for entry in entries:
        for name in (entry.build, entry.waiting):
            if name:
                times.setdefault(name, entry.committed_at)
    return times
