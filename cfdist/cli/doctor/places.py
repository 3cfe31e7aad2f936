"""The disk and the output."""

import shutil
from pathlib import Path

from cfdist.cli.doctor.finding import Finding
from cfdist.config import Config
from cfdist.errors import CfdistError

MIN_FREE_BYTES = 2 * 2**30


def examine_places(config: Config) -> list[Finding]:
    """Whether the output can be written, and whether there is room."""
    findings = [] if "://" in config.publish.root else [_disk(Path(config.publish.root))]
    return [*findings, _output(config)]


def _disk(root: Path) -> Finding:
    place = next(folder for folder in [root, *root.resolve().parents] if folder.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / 2**30:.1f} GiB free at {place}"
    return Finding("disk", text, free > MIN_FREE_BYTES, "make room, or set publish.root")


def _output(config: Config) -> Finding:
    from cfdist.stages.publish import require_writable

    try:
        require_writable(config)
    except CfdistError as error:
        return Finding("output", error.message, False, error.remedy)
    return Finding("output", f"{config.publish.root} can be written", True)
