"""Small inputs on disk and the settings that read them, for tests."""

from pathlib import Path
from typing import Any

from cfdist.settings import IngestSettings


def csv(path: str | Path, *lines: str) -> Path:
    """A file of these lines."""
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Path(path)


def settings(path: Path, **given: Any) -> IngestSettings:
    """Settings that read ``path``."""
    return IngestSettings.model_validate({"input": str(path), **given})
