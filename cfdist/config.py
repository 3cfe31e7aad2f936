"""Settings: one typed section per stage, read from cfdist.toml < environment < command line."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from cfdist.errors import ConfigError
from cfdist.schema import ARTICLE_ID, BASKET_ID, QUANTITY, TIMESTAMP, USER_ID

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


class Section(BaseModel):
    """A frozen group of settings; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Columns(Section):
    """Which column of the input holds what; an empty name means that there is none."""

    user_id: str = Field(USER_ID, min_length=1, description="who took it")
    article_id: str = Field(ARTICLE_ID, min_length=1, description="what was taken")
    basket_id: str | None = Field(None, description="receipt; empty: user and day")
    quantity: str | None = Field(None, description="how many; negative: a return")
    timestamp: str | None = Field(None, description="when")

    def named(self) -> dict[str, str]:
        """Canonical name → name in the input, of the columns that are set."""
        return {key: name for key, name in self.model_dump().items() if name}

    def found_in(self, names: list[str]) -> "Columns":
        """These columns plus the optional ones that the input has under canonical names."""
        found: dict[str, Any] = {
            key: key
            for key in (BASKET_ID, QUANTITY, TIMESTAMP)
            if key in names and key not in self.model_fields_set
        }
        return self.model_copy(update=found) if found else self


class IngestSettings(Section):
    """How the table of interactions is read, checked and sampled."""

    input: str = Field(
        "data/ml/user_item_interactions.parquet",
        description="file, folder, glob or fsspec URL of parquet or csv",
    )
    columns: Columns = Field(default_factory=Columns)
    articles: str | None = Field(
        None, description="parquet or csv with article_id, name, category, brand (optional)"
    )
    format: Literal["auto", "parquet", "csv"] = Field(
        "auto", description="of the input; `auto`: by the ending of the name"
    )
    timestamp_format: str | None = Field(
        None, description="strptime format of timestamps that are text; 'iso' for ISO 8601"
    )
    timestamp_unit: Literal["s", "ms", "us", "ns"] | None = Field(
        None, description="unit of timestamps that are integers"
    )
    returns: Literal["drop", "net"] = Field(
        "drop", description="negative quantities: dropped, or subtracted from the purchases"
    )
    max_dropped_share: float = Field(0.5, ge=0, le=1, description="above this the run stops")
    max_basket_articles: int = Field(
        200, ge=2, description="baskets with more articles are skipped"
    )
    sample_percent: float = Field(100.0, gt=0, le=100, description="`train` reads this share")
    sample_by: Literal["users", "interactions"] = Field(
        "users", description="`users` keeps whole histories; `interactions` keeps single rows"
    )
    min_sample_users: int = Field(
        20_000, ge=1, description="a sample by users keeps at least so many"
    )
    storage_options: dict[str, Any] = Field(
        default_factory=dict, description="handed to fsspec; never written to a manifest"
    )


class MatrixSettings(Section):
    """How interactions become weights."""

    aggregate: Literal["count", "sum"] = Field(
        "count", description="weight of a pair: its interactions, or the sum of quantity"
    )
    weighting: Literal["log1p", "none"] = Field("log1p", description="what the SVD sees of it")


class FactorizeSettings(Section):
    """Truncated SVD by block Krylov iteration."""

    n_components: int = Field(
        50, ge=1, le=4096, description="directions of taste that the SVD keeps"
    )
    svd_iterations: int = Field(
        12, ge=2, le=1000, description="passes over the data at most; stops earlier by itself"
    )
    tolerance: float = Field(
        1e-4, gt=0, lt=1, description="relative error of the singular values to stop at"
    )
    seed: int = Field(
        0, ge=0, lt=2**63, description="start of the SVD; the same seed gives the same result"
    )


class NeighborsSettings(Section):
    """Exact similar users and articles."""

    n_similar_users: int = Field(
        20, ge=1, le=1000, description="neighbours whose histories make a user's list"
    )
    n_similar_items: int = Field(
        20, ge=1, le=1000, description="partners kept per article, for each relation"
    )


class RecommendSettings(Section):
    """Lists of articles for every user, pairs for every article."""

    method: Literal["user_neighbors", "item_neighbors", "latent", "popular"] = Field(
        "user_neighbors", description="who fills a list first; the next sources fill what is left"
    )
    n_recommendations: int = Field(10, ge=1, le=1000, description="entries in every user's list")
    min_pair_count: int = Field(
        3, ge=1, description="baskets that two articles must share to be 'bought together'"
    )


class PublishSettings(Section):
    """Where builds go."""

    root: str = Field(
        "data/recommendations", description="folder of the builds, the publish log and the links"
    )
    user_item_matrix: bool = Field(True, description="publish user_item_matrix.npz")
    max_similarity_articles: int = Field(
        10_000, ge=0, description="up to here item_similarity.npy is the full matrix"
    )


class ExperimentSettings(Section):
    """The quick try on a sample."""

    sample_percent: float = Field(
        10.0,
        gt=0,
        le=100,
        description="`experiment` reads this share, and `min_sample_users` at least",
    )
    sample_by: Literal["users", "interactions"] = Field(
        "users", description="as `ingest.sample_by`, for `experiment`"
    )
    publish: bool = Field(False, description="publish the result of the sample too")


class RunsSettings(Section):
    """Where runs keep their records, checkpoints and reports."""

    path: str = Field("data/runs", description="one folder per run, and the checkpoints")
    checkpoints: bool = Field(True, description="train resumes at the last complete stage")


class ClusterSettings(Section):
    """Where tasks run."""

    address: str = Field("local", description="local, or tcp://host:port of a scheduler")
    workers: int = Field(0, ge=0, le=1024, description="0: inside this process; N: processes")
    threads: int = Field(
        0, ge=0, le=1024, description="threads per worker; 0: the cores, divided among the workers"
    )
    memory_limit: str = Field("auto", description="per worker, such as 4GB")
    dashboard: bool = Field(
        True, description="Dask's dashboard and report; off in `cfdist experiment` unless asked"
    )
    dashboard_port: int = Field(
        8787, ge=0, le=65535, description="any free port where this one is taken"
    )
    timeout_s: float = Field(30.0, gt=0, description="wait this long for a scheduler")


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
