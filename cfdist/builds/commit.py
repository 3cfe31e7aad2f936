"""A finished build takes over, or waits behind a pin."""

from pathlib import Path

from cfdist.builds import log
from cfdist.builds.log import Entry
from cfdist.errors import ConflictError


def take_over(
    root: Path, build: str, manifest_sha256: str, before: Entry | None, forced: bool = False
) -> Entry:
    """The entry that was written: ``build`` is live, or waits where ``before`` is pinned.

    Raises
    ------
    ConflictError
        The live build or its pin changed since ``before``: the build was judged against
        another one.

    Notes
    -----
    Entries that leave both as they were (a ``gc``, another build that waits) are no conflict: the
    commit is tried again behind them.
    """
    while True:
        try:
            if before is None or not before.pinned:
                return log.commit(root, build, manifest_sha256, before, forced)
            waits = log.follow(before, waiting=build, waiting_sha256=manifest_sha256)
            return log.append(root, waits)
        except ConflictError:
            now = log.live_entry(root)
            if now is None or before is None or _state(now) != _state(before):
                raise
            before = now


def _state(entry: Entry) -> tuple[str, str, bool]:
    return entry.build, entry.manifest_sha256, entry.pinned
