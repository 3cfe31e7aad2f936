"""What a build says about itself: ``manifest.json``, format 1.x."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cfdist.errors import BuildError

FORMAT = "1.0"
MANIFEST = "manifest.json"


class FileEntry(BaseModel):
    """One file of a build, by its path within the build's folder."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    rows: int
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """Everything needed to read, check and repeat a build; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: str = FORMAT
    build: str
    run: str
    created_at: str = Field(description="ISO 8601, UTC")
    cfdist_version: str
    backend: str
    user_type: str = Field(description="Arrow type of user ids")
    article_type: str = Field(description="Arrow type of article ids")
    counts: dict[str, Any] = Field(description="rows, users, articles, pairs, baskets, ...")
    rows: dict[str, Any] = Field(description="rows in, used and dropped by reason")
    settings: dict[str, Any] = Field(description="without storage options and passwords")
    seconds: dict[str, float]
    resumed: list[str] = Field(description="stages taken from checkpoints")
    notes: list[str]
    versions: dict[str, str]
    files: list[FileEntry]
    method: str | None = Field(None, description="what filled the lists, `auto` resolved")
    gate: dict[str, Any] | None = Field(
        None, description="status `passed`, `refused` or `off`; checks; forced: live all the same"
    )
    transfers: dict[str, dict[str, int]] | None = Field(
        None, description="per stage, arrays and bytes that went between host and GPU"
    )
    hold_out: dict[str, Any] | None = Field(
        None, description="quality on held-out purchases: metric, mean, popular, difference"
    )
    plan: dict[str, Any] | None = Field(
        None, description="what was planned beforehand, beside what was measured"
    )

    @property
    def list_method(self) -> str:
        """What filled the lists, also of builds that did not say so."""
        return self.method or str(self.settings["recommend"]["method"])

    @property
    def refused(self) -> bool:
        """Whether the gate kept this build from going live."""
        gate = self.gate or {}
        return gate.get("status") == "refused" and not gate.get("forced")

    @property
    def forced(self) -> bool:
        """Whether this build was published against the gate."""
        return bool((self.gate or {}).get("forced"))


def parse_manifest(content: bytes, where: str) -> Manifest:
    """The manifest in ``content``.

    Raises
    ------
    BuildError
        Not a manifest, or of a newer major format.
    """
    try:
        raw = json.loads(content)
        major = str(raw["format"]).split(".")[0]
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(f"{where}: is not a manifest", remedy="publish again") from error
    if major != FORMAT.split(".")[0]:
        raise BuildError(
            f"{where}: has format {raw['format']}, this cfdist reads {FORMAT.split('.')[0]}.x",
            remedy="upgrade cfdist",
        )
    try:
        return Manifest.model_validate(raw)
    except ValidationError as error:
        raise BuildError(f"{where}: {error}", remedy="publish again") from None
