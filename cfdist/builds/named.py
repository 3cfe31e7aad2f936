"""Builds by the names that people type: ``live``, ``previous``, the start of an id."""

import os
from pathlib import Path

from cfdist.builds.build import Build, load_build
from cfdist.builds.history import builds_before
from cfdist.builds.log import BUILDS, build_folder, read_entries
from cfdist.builds.manifest import MANIFEST
from cfdist.errors import BuildError

LIVE = "live"
PREVIOUS = "previous"


def stored_builds(root: Path) -> list[str]:
    """Folders of a root that hold a manifest, whether or not they were ever live, by name."""
    folder = root / BUILDS
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return [n for n in names if not n.startswith(".") and (folder / n / MANIFEST).is_file()]


def resolve(root: Path, name: str) -> str:
    """The id of the build called ``live``, ``previous``, or by the unique start of its id.

    Raises
    ------
    BuildError
        No build is called so, or several are.
    """
    if name == LIVE:
        return load_build(root).id
    if name == PREVIOUS:
        return previous_build(root)
    found = [build for build in stored_builds(root) if build.startswith(name)]
    if name in found:
        return name
    if len(found) != 1:
        several = f"; {len(found)} builds start so" if found else ""
        raise BuildError(
            f"there is no build {name!r} in {root}{several}", remedy="see `cfdist builds list`"
        )
    return found[0]


def previous_build(root: Path) -> str:
    """The newest build still there that was live before the live one first was.

    Raises
    ------
    BuildError
        There is none.
    """
    for name in builds_before(read_entries(root)):
        if (build_folder(root, name) / MANIFEST).is_file():
            return name
    raise BuildError(
        f"{root} has no build that was live before the live one",
        remedy="name a build; see `cfdist builds list`",
    )


def named_build(root: Path, name: str) -> Build:
    """The build called ``name``, see :func:`resolve`; refused ones can be read, too."""
    return load_build(root, resolve(root, name))
