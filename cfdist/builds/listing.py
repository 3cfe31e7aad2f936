"""What lies in a root, for people and scripts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cfdist.builds.build import load_build
from cfdist.builds.history import committed, published_builds
from cfdist.builds.log import read_entries
from cfdist.builds.manifest import Manifest
from cfdist.builds.named import stored_builds
from cfdist.errors import BuildError


def list_builds(root: Path) -> list[dict[str, Any]]:
    """One dict per build, the one published last first; deleted ones are left out.

    Keys: build, published (ISO 8601, when it was committed; of a refused build, when it was
    made), live, pinned, waiting, forced, refused, and from the manifest method, users, articles,
    rows; or ``error`` where that cannot be read.
    """
    entries = read_entries(root)
    live, times = entries[-1] if entries else None, committed(entries)
    known = published_builds(entries)
    rows = []
    for name in [*known, *reversed([n for n in stored_builds(root) if n not in known])]:
        row: dict[str, Any] = {
            "build": name,
            "published": _iso(times.get(name)),
            "live": bool(live and live.build == name),
            "pinned": bool(live and live.pinned and live.build == name),
            "waiting": bool(live and live.waiting == name),
            "forced": False,
            "refused": False,
        }
        try:
            manifest = load_build(root, name).manifest
        except BuildError as error:
            rows.append(row | {"error": error.message})
            continue
        if name in known or manifest.refused:
            rows.append(row | _described(manifest))
    return sorted(rows, key=lambda row: row["published"] or "", reverse=True)


def _described(manifest: Manifest) -> dict[str, Any]:
    told = {
        "method": manifest.list_method,
        "users": manifest.counts["n_users"],
        "articles": manifest.counts["n_articles"],
        "rows": manifest.rows["rows_used"],
        "forced": manifest.forced,
        "refused": manifest.refused,
    }
    return told | ({"published": manifest.created_at} if manifest.refused else {})


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
