"""The settings: one frozen section per stage, each with its default, range and description."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cfdist.schema import ARTICLE_ID, BASKET_ID, QUANTITY, TIMESTAMP, USER_ID


class Section(BaseModel):
    """A frozen group of settings; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _date_as_text(cls, value: Any) -> Any:
        """Dates are settings of text, and TOML has a type of its own for one without quotes."""
        return value.isoformat() if isinstance(value, date) else value


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
    first_date: str | None = Field(
        None, description="rows before this date are left out (ISO 8601, UTC)"
    )
    last_date: str | None = Field(None, description="rows from this date on are left out")
    min_articles_per_user: int = Field(
        1, ge=1, description="users with fewer articles are left out, and get no list"
    )
    min_users_per_article: int = Field(
        1, ge=1, description="articles with fewer users are left out; repeated with the users'"
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

    aggregate: Literal["count", "sum", "max", "last"] = Field(
        "count",
        description="weight of a pair: its interactions, or the sum, largest or last of quantity",
    )
    weighting: Literal["log1p", "none", "tfidf", "bm25"] = Field(
        "log1p", description="what the SVD sees of it"
    )
    half_life_days: float | None = Field(
        None, gt=0, description="a purchase so many days old counts half; empty: all count alike"
    )


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
        20,
        ge=0,
        le=1000,
        description="neighbours whose histories make a user's list; 0: no search, the part of the "
        "job that grows fastest",
    )
    n_similar_items: int = Field(
        20, ge=1, le=1000, description="partners kept per article, for each relation"
    )


class UserNeighborsSettings(Section):
    """``user_neighbors``: what similar users took."""

    space: Literal["latent", "raw"] = Field(
        "latent", description="users are compared by their factors, or by the articles themselves"
    )
    cosine_power: float = Field(
        1.0, gt=0, le=16, description="a neighbour weighs its cosine to this power"
    )
    article_damping: float = Field(
        0.5, ge=0, le=2, description="`raw`: an article weighs its number of users to minus this"
    )
    length_exponent: float = Field(
        1.0, ge=0, le=1, description="`raw`: division by both lengths to this power; 1: cosine"
    )
    popularity_damping: float = Field(
        0.0, ge=0, le=2, description="a vote counts the article's number of users to minus this"
    )


class ItemNeighborsSettings(Section):
    """``item_neighbors``: what is similar to the user's own articles."""

    similarity: Literal["latent", "rp3beta"] = Field(
        "latent", description="cosine of factors, or random walks over users (RP3beta)"
    )
    n_neighbors: int = Field(100, ge=1, le=4096, description="`rp3beta`: articles kept per article")
    alpha: float = Field(0.6, gt=0, le=4, description="`rp3beta`: power of a step's probability")
    beta: float = Field(0.3, ge=0, le=2, description="`rp3beta`: damping of popular articles")


class LatentSettings(Section):
    """``latent``: products of factors."""

    article_scaling: float = Field(
        1.0, ge=0, le=2, description="columns are scaled by n_users^(this − 1) before the SVD"
    )
    ease_lambda: float | None = Field(
        None, gt=0, description="low-rank EASE with this ridge; empty: PureSVD"
    )


class SpectralSettings(Section):
    """``spectral``: a filter over the normalised matrix and its factors."""

    filter: Literal["gf_cf", "bspm", "cheby", "svd_ae", "linear"] = Field(
        "gf_cf", description="which filter; see docs/quality.md"
    )
    n_components: int = Field(256, ge=1, le=4096, description="components of the low-pass part")
    low_pass: float | None = Field(
        None, ge=0, description="weight of the low-pass part; empty: as published for the filter"
    )
    user_exponent: float = Field(0.5, ge=0, le=2, description="rows are divided by degree^this")
    article_exponent: float = Field(
        0.5, ge=0, le=2, description="columns are divided by degree^this"
    )
    sharpness: float | None = Field(
        None,
        gt=0,
        description="bspm: time of sharpening; cheby: power of the plateau; empty: as published",
    )
    popularity: float | None = Field(
        None,
        ge=0,
        le=1,
        description="cheby: exponent by which popular articles gain; empty: as published",
    )


class BlendSettings(Section):
    """``blend``: weighted sum of several methods' scores, each normalised per user."""

    spectral: float = Field(1.0, ge=0, description="weight of `spectral`")
    user_neighbors: float = Field(1.0, ge=0, description="weight of `user_neighbors`")
    item_neighbors: float = Field(0.0, ge=0, description="weight of `item_neighbors`")
    latent: float = Field(0.0, ge=0, description="weight of `latent`")


class RecommendSettings(Section):
    """Lists of articles for every user, pairs for every article."""

    method: Literal[
        "auto",
        "user_neighbors",
        "item_neighbors",
        "latent",
        "spectral",
        "blend",
        "popular",
        "history",
    ] = Field(
        "auto",
        description="who fills a list first; `auto`: as `cfdist evaluate --decide` chose, "
        "else `user_neighbors`",
    )
    n_recommendations: int = Field(10, ge=1, le=1000, description="entries in every user's list")
    min_pair_count: int = Field(
        3, ge=1, description="baskets that two articles must share to be 'bought together'"
    )
    owned: Literal["exclude", "include"] = Field(
        "exclude", description="whether a list may hold what the user has already"
    )
    n_buy_again: int = Field(
        0, ge=0, le=1000, description="entries of a second list, of the user's own articles"
    )
    allow: str | None = Field(
        None, description="file of article ids; only these are recommended (optional)"
    )
    deny: str | None = Field(None, description="file of article ids never recommended (optional)")
    max_per_category: int | None = Field(
        None, ge=1, description="entries of one category in a list at most"
    )
    one_per_variant: bool = Field(
        True, description="one entry per family, where the articles table has `variant_of`"
    )
    user_neighbors: UserNeighborsSettings = Field(default_factory=UserNeighborsSettings)
    item_neighbors: ItemNeighborsSettings = Field(default_factory=ItemNeighborsSettings)
    latent: LatentSettings = Field(default_factory=LatentSettings)
    spectral: SpectralSettings = Field(default_factory=SpectralSettings)
    blend: BlendSettings = Field(default_factory=BlendSettings)


class EvaluationSettings(Section):
    """Measured on purchases that were held out."""

    split: Literal["date", "rolling", "last_k", "random", "files"] = Field(
        "date", description="what is held out"
    )
    date: str | None = Field(
        None, description="`date`: rows from here on are held out; empty: the last `holdout_days`"
    )
    holdout_days: float = Field(
        28.0, gt=0, description="length of a window; at most a fifth of the dates"
    )
    n_windows: int = Field(3, ge=1, le=52, description="`rolling`: windows that choose")
    last_k: int = Field(1, ge=1, description="`last_k`: newest articles of every user")
    share: float = Field(0.2, gt=0, lt=1, description="`random`: share of every user's articles")
    test_input: str | None = Field(None, description="`files`: the rows that are held out")
    metric: str = Field("recall@10", description="what candidates are judged by")
    ks: tuple[int, ...] = Field((5, 10, 20), min_length=1, description="list lengths measured")
    articles: Literal["new", "all"] = Field(
        "new", description="judged on articles that the user did not have, or on all"
    )
    filled: bool = Field(
        True, description="judge the list that is served; false: before it is filled up"
    )
    max_users: int = Field(20_000, ge=1, description="a larger input is sampled by users")
    min_users: int = Field(1000, ge=1, description="with fewer to judge nothing is decided")
    decision_days: float = Field(7.0, gt=0, description="so long a stored decision is used")
    seed: int = Field(0, ge=0, lt=2**63, description="of random splits")


class GateSettings(Section):
    """What a build must pass before it goes live."""

    enabled: bool = Field(True, description="judge builds before they go live")
    hold_out: bool = Field(
        True, description="fit once more without the newest purchases, and compare with `popular`"
    )
    max_change: float = Field(
        0.3, gt=0, description="users, rows and articles against the live build"
    )
    min_coverage: float = Field(0.8, ge=0, le=1, description="of the live build's coverage")
    min_overlap: float = Field(0.3, ge=0, le=1, description="overlap@10 with the live build")
    max_quality_drop: float = Field(
        0.15, ge=0, le=1, description="against the median of the last 7 builds"
    )
    max_age_days: float = Field(7.0, gt=0, description="an older newest purchase is a warning")


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
    evaluate: bool = Field(True, description="measure on held-out purchases, where there are dates")


class RunsSettings(Section):
    """Where runs keep their records, checkpoints and reports."""

    path: str = Field("data/runs", description="one folder per run, and the checkpoints")
    checkpoints: bool = Field(True, description="train resumes at the last complete stage")


class ClusterSettings(Section):
    """Where tasks run."""

    address: str = Field("local", description="local, cuda, or tcp://host:port of a scheduler")
    backend: Literal["cpu", "gpu", "auto"] = Field(
        "cpu",
        description="who computes: NumPy and compiled loops, or cupy, cuML, cuVS and cuDF; auto: "
        "gpu where every worker has one that works",
    )
    gpus: str = Field(
        "", description='GPUs of the cluster cuda, such as "0,1", or their UUIDs; empty: all'
    )
    rmm_pool_size: str = Field(
        "0.8", description="GPU memory taken at the start of each worker: a share, or 40GB"
    )
    device_memory_limit: str = Field(
        "0.7", description="GPU memory that a job may plan with, per worker: a share, or 40GB"
    )
    protocol: Literal["tcp", "ucx"] = Field(
        "tcp", description="between workers of the cluster cuda; ucx needs distributed-ucxx"
    )
    workers: int = Field(0, ge=0, le=1024, description="0: inside this process; N: processes")
    threads: int = Field(
        0, ge=0, le=1024, description="threads per worker; 0: the cores, divided among the workers"
    )
    memory_limit: str = Field("auto", description="per worker, such as 4GB")
    out_of_core: Literal["auto", "on", "off"] = Field(
        "auto",
        description="what stages share goes through files; auto: with a memory limit, or where "
        "the job would not fit otherwise",
    )
    require_fit: bool = Field(
        True, description="refuse, before anything is computed, what the plan says does not fit"
    )
    dashboard: bool = Field(
        True, description="Dask's dashboard and report; off in `cfdist experiment` unless asked"
    )
    dashboard_port: int = Field(
        8787, ge=0, le=65535, description="any free port where this one is taken"
    )
    timeout_s: float = Field(30.0, gt=0, description="wait this long for a scheduler")
