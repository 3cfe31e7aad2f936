"""What a plan is made from: sizes of the data, numbers of the settings, the machine."""

from dataclasses import dataclass, replace

WHOLE_NUMBER_BYTES = 8.0
"""Bytes of an id that is an integer."""


@dataclass(frozen=True)
class Sizes:
    """How much of everything there is; estimates or counts, the plan does not ask.

    Attributes
    ----------
    rows : int
        Rows that are used: purchases, returns, guests' baskets.
    rows_read : int
        Rows of the input.
    file_bytes : int
        Bytes of its files.
    read_tasks : int
        Parts in which it is read.
    users, articles, pairs : int
        Rows, columns and stored entries of the matrix.
    profiles : int
        Distinct histories.
    baskets, basket_entries : int
        Rows and entries of the matrix of baskets.
    basket_work : int
        Sum of the squared sizes of the baskets: what counting pairs walks over.
    search_share : float
        Pairs of profiles that the search for similar users computes, of all pairs.
    user_id_bytes, article_id_bytes : float
        Mean bytes of an id; 8 for integers.
    basket_id_bytes : float
        0 without a column of baskets.
    text_columns : int
        Id columns that are text.
    time_text_bytes : float
        Mean bytes of a timestamp where it is stored as text; 0 where it is not.
    """

    rows: int
    rows_read: int
    file_bytes: int
    read_tasks: int
    users: int
    articles: int
    pairs: int
    profiles: int
    baskets: int
    basket_entries: int
    basket_work: int
    search_share: float
    user_id_bytes: float = WHOLE_NUMBER_BYTES
    article_id_bytes: float = WHOLE_NUMBER_BYTES
    basket_id_bytes: float = 0.0
    text_columns: int = 0
    time_text_bytes: float = 0.0

    def with_users(self, users: int) -> "Sizes":
        """The sizes of so many of the users, taken by hash; articles stay, as most are found."""
        if users >= self.users:
            return self
        share = users / self.users
        return replace(
            self,
            rows=round(self.rows * share),
            users=users,
            pairs=round(self.pairs * share),
            profiles=min(users, self.profiles),
            baskets=round(self.baskets * share),
            basket_entries=round(self.basket_entries * share),
            basket_work=round(self.basket_work * share),
            search_share=assumed_search_share(users),
        )


def assumed_search_share(rows: int) -> float:
    """Share of all pairs that the search for neighbours computes, where nobody measured it.

    Notes
    -----
    Synthetic shops of 6,000, 45,000 and 368,000 distinct histories had 0.21 to 0.29, 0.093 and
    0.018. Real shops of a few thousand had nearly all; those are measured in no time.

    Examples
    --------
    >>> [round(assumed_search_share(rows), 3) for rows in (500, 45_000, 368_000)]
    [1.0, 0.075, 0.021]
    """
    return float(min(1.0, (600 / max(rows, 1)) ** 0.6))


@dataclass(frozen=True)
class Job:
    """The settings that sizes and seconds depend on, as numbers.

    Attributes
    ----------
    out_of_core : bool
        Values stay in checkpoints and are mapped from there: a memory limit is set.
    hold_out_users : int
        Users of the gate's measurement at most; 0: it is off.
    max_similarity_articles : int
        Up to here the published similarity of articles is the full matrix.
    spectral_components : int
        Of the second SVD that `spectral`, and a blend with it, needs; 0: no such method.
    """

    n_components: int = 50
    svd_iterations: int = 12
    n_similar_users: int = 20
    n_similar_items: int = 20
    n_recommendations: int = 10
    n_buy_again: int = 0
    checkpoints: bool = True
    out_of_core: bool = False
    hold_out_users: int = 20_000
    publish_matrix: bool = True
    max_similarity_articles: int = 10_000
    spectral_components: int = 0


@dataclass(frozen=True)
class Rates:
    """What one thread of a machine does in a second.

    Attributes
    ----------
    gemm_flops : float
        Floating point operations of a float32 matrix product.
    sparse_flops : float
        Floating point operations of a sparse matrix times 25 dense columns.
    memory_bytes : float
        Bytes copied.
    table_rows : float
        Rows of five columns that are read from parquet in memory and sorted.
    disk_bytes : float
        Bytes written and synced.
    """

    gemm_flops: float
    sparse_flops: float
    memory_bytes: float
    table_rows: float
    disk_bytes: float


@dataclass(frozen=True)
class Machine:
    """Where the job runs.

    Attributes
    ----------
    workers : int
        Worker processes; 0: one worker inside the process that was started.
    threads : int
        Per worker.
    memory_bytes : int
        Per worker: its limit.
    gpus : int
        GPUs, one worker each; 0: none are there or described.
    gpu_memory_bytes : int
        Of the smallest.
    gpu_usable_bytes : int
        What a job may plan with of that: `cluster.device_memory_limit`.
    backend : {"cpu", "gpu"}
        Who computes.
    """

    workers: int
    threads: int
    memory_bytes: int
    rates: Rates
    gpus: int = 0
    gpu_memory_bytes: int = 0
    gpu_usable_bytes: int = 0
    backend: str = "cpu"

    @property
    def n_workers(self) -> int:
        """Processes that hold values: at least one."""
        return max(1, self.workers)

    @property
    def all_threads(self) -> int:
        """Tasks that run at once."""
        return self.n_workers * self.threads
