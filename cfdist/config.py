"""Where settings come from: cfdist.toml < environment < command line."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from cfdist.errors import ConfigError
from cfdist.settings import (
    ClusterSettings,
    EvaluationSettings,
    ExperimentSettings,
    FactorizeSettings,
    GateSettings,
    IngestSettings,
    MatrixSettings,
    NeighborsSettings,
    PublishSettings,
    RecommendSettings,
    RunsSettings,
)

DEFAULT_FILE = Path("cfdist.toml")

OLD_NAMES: dict[str, tuple[str, str]] = {
    "N_COMPONENTS": ("factorize", "n_components"),
    "SVD_ITERATIONS": ("factorize", "svd_iterations"),
    "N_SIMILAR_USERS": ("neighbors", "n_similar_users"),
    "N_SIMILAR_ITEMS": ("neighbors", "n_similar_items"),
    "DATA_SAMPLE_PERCENT": ("experiment", "sample_percent"),
    "N_RECOMMENDATIONS": ("recommend", "n_recommendations"),
}
"""Constants of the scripts that cfdist replaces, accepted at the top of the file."""


class Config(BaseSettings):
    """Every setting of a run.

    ``Config()`` reads ``cfdist.toml`` in the working folder and ``CFDIST_SECTION__KEY``
    variables; keyword arguments win over both.

    Raises
    ------
    ConfigError
        For an unknown key (with the nearest name), a wrong type or a value out of range.

    Examples
    --------
    >>> Config.load(None, {"factorize": {"n_components": 20}}).factorize.n_components
    20
    """

    model_config = SettingsConfigDict(
        env_prefix="CFDIST_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )
    _file: ClassVar[Path | None] = DEFAULT_FILE

    ingest: IngestSettings = Field(default_factory=IngestSettings)
    matrix: MatrixSettings = Field(default_factory=MatrixSettings)
    factorize: FactorizeSettings = Field(default_factory=FactorizeSettings)
    neighbors: NeighborsSettings = Field(default_factory=NeighborsSettings)
    recommend: RecommendSettings = Field(default_factory=RecommendSettings)
    publish: PublishSettings = Field(default_factory=PublishSettings)
    evaluation: EvaluationSettings = Field(default_factory=EvaluationSettings)
    gate: GateSettings = Field(default_factory=GateSettings)
    experiment: ExperimentSettings = Field(default_factory=ExperimentSettings)
    runs: RunsSettings = Field(default_factory=RunsSettings)
    cluster: ClusterSettings = Field(default_factory=ClusterSettings)

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise _readable(error) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, then environment, then file."""
        return init_settings, env_settings, FileSource(settings_cls, cls._file)

    @classmethod
    def load(
        cls, file: Path | None = DEFAULT_FILE, given: Mapping[str, Any] | None = None
    ) -> "Config":
        """Settings from ``file`` (none: no file), the environment and ``given``."""
        if file not in (None, DEFAULT_FILE) and not Path(str(file)).is_file():
            raise ConfigError(f"there is no settings file {file}", remedy="check --config")
        reader = type(cls.__name__, (cls,), {"_file": file, "__module__": cls.__module__})
        return Config.model_construct(**dict(reader(**dict(given or {}))))

    def origins(self, file: Path | None, given: Mapping[str, Any]) -> dict[str, str]:
        """``section.key`` → where its value comes from."""
        origin: dict[str, str] = {}
        sources = {
            str(file): FileSource(type(self), file)(),
            "environment": EnvSettingsSource(type(self))(),
            "command line": dict(given),
        }
        for name, values in sources.items():
            origin.update(dict.fromkeys(flatten(values), name))
        return {key: origin.get(key, "default") for key in flatten(self.model_dump())}


class FileSource(TomlConfigSettingsSource):
    """The TOML file, with the old scripts' upper-case names understood."""

    def __init__(self, settings_cls: type[BaseSettings], file: Path | None) -> None:
        try:
            super().__init__(settings_cls, file if file and file.is_file() else None)
        except ValueError as error:  # tomllib's error does not name the file
            raise ConfigError(f"{file}: {error}", remedy="mend the TOML syntax") from None

    def __call__(self) -> dict[str, Any]:
        """The file's values, old names moved into their sections."""
        values = dict(super().__call__())
        for old, (section, key) in OLD_NAMES.items():
            if old in values:
                values[section] = {key: values.pop(old)} | values.get(section, {})
        return values


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as ``{"section.key": value}``.

    Examples
    --------
    >>> flatten({"ingest": {"columns": {"user_id": "who"}}})
    {'ingest.columns.user_id': 'who'}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and key != "storage_options":
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def nested(key: str, value: Any) -> dict[str, Any]:
    """``("a.b", 1)`` → ``{"a": {"b": 1}}``: one ``--set`` option."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def unflatten(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of :func:`flatten`.

    Examples
    --------
    >>> unflatten({"ingest.input": "a.csv", "ingest.format": "csv"})
    {'ingest': {'input': 'a.csv', 'format': 'csv'}}
    """
    values: dict[str, Any] = {}
    for key, value in flat.items():
        values = merge(values, nested(key, value))
    return values


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings in which ``over`` wins."""
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(known, value) if both else value  # type: ignore[arg-type]
    return merged


def _readable(error: ValidationError) -> ConfigError:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        message = f"{key} = {first['input']!r}: {first['msg'].lower()}"
        return ConfigError(message, remedy="see `cfdist config show` for every setting")
    known = [*flatten(Config.model_construct().model_dump()), *Config.model_fields, *OLD_NAMES]
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    remedy = f"did you mean {close[0]!r}?" if close else "see `cfdist config show`"
    return ConfigError(f"there is no setting {key!r}", remedy=remedy)
