"""The plan of a job that the settings describe, and the refusal of one that does not fit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cfdist.config import Config
from cfdist.errors import ResourceError
from cfdist.input.check import require_two
from cfdist.plan import Job, Plan, make_plan
from cfdist.plan.constants import PAUSE_SHARE, REFERENCE
from cfdist.plan.plan import GB
from cfdist.plan.remedies import Remedy, remedies
from cfdist.planning.machine import Given, machine_of, with_workers_of
from cfdist.planning.rates import measure_rates
from cfdist.planning.search import measure_search_share
from cfdist.planning.sizes import Measured, measure_sizes
from cfdist.schema import BLEND, SPECTRAL
from cfdist.settings import ClusterSettings


@dataclass(frozen=True)
class Planned:
    """A plan, and what it rests on.

    Attributes
    ----------
    scope : str
        Which rows were read; empty: all.
    remedies : list of Remedy
        What makes a job fit that does not.
    notes : list of str
        What the figures leave out, for people.
    """

    plan: Plan
    scope: str
    n_sampled_users: int
    remedies: list[Remedy]
    notes: list[str]


def plan_for(
    config: Config,
    given: Given | None = None,
    *,
    quick: bool = False,
    workers: dict[str, dict[str, int]] | None = None,
) -> Planned:
    """The plan of ``cfdist train`` under these settings.

    Parameters
    ----------
    given : Given, optional
        A machine that is not this one; rates are those of this machine all the same.
    quick : bool
        Bytes alone are meant: no measurement of the machine and of the search, so that seconds
        are those of the reference machine.
    workers : dict, optional
        Of a scheduler, see :func:`~cfdist.planning.machine.with_workers_of`.

    Notes
    -----
    A job that fits no worker is planned out of core, where it fits so.

    Raises
    ------
    DataError
        The input is not there, cannot be read, has no such columns or no rows.
    ConfigError
        A memory that is no number of bytes.
    """
    machine = machine_of(config.cluster, REFERENCE if quick else measure_rates(), given)
    machine = with_workers_of(machine, workers or {})
    measured = measure_sizes(config, quick=quick)
    job = job_of(config)
    sizes = measured.sizes
    require_two(sizes.users, sizes.articles)
    if not quick:
        sizes = replace(sizes, search_share=_search_share(measured, job))
    plan = make_plan(sizes, job, machine)
    if not plan.fits and config.runs.checkpoints and config.cluster.out_of_core == "auto":
        through_disk = make_plan(sizes, replace(job, out_of_core=True), machine)
        plan = min(plan, through_disk, key=lambda each: each.needed_bytes)
    total = machine.n_workers * machine.memory_bytes
    notes = list(_notes(config, measured.scope, given, asked=bool(workers)))
    found = [each for each in remedies(plan, total) if not (workers and "--workers" in each.change)]
    return Planned(plan, measured.scope, measured.n_sampled_users, found, notes)


def _notes(config: Config, scope: str, given: Given | None, *, asked: bool) -> Iterator[str]:
    """What the figures leave out."""
    ingest, recommend = config.ingest, config.recommend
    if scope:
        yield f"{scope} were read: the number of users, articles and pairs is estimated"
    if ingest.min_articles_per_user > 1 or ingest.min_users_per_article > 1:
        yield "what ingest.min_articles_per_user and min_users_per_article leave out is counted in"
    if recommend.user_neighbors.space == "raw" or (
        recommend.item_neighbors.similarity == "rp3beta"
    ):
        yield "raw similarity and rp3beta take more: the longest histories decide, see the settings"
    if (
        not asked
        and config.cluster.address != "local"
        and (given is None or not given.is_elsewhere)
    ):
        yield (
            f"{config.cluster.address} was not asked: the machine is this one, unless --workers, "
            "--threads and --memory describe another"
        )
    if given is not None and bool(given.gpus) != bool(given.gpu_memory):
        yield "whether it fits GPUs needs both --gpus and --gpu-memory"
    if given is not None and given.is_elsewhere:
        yield "the machine is the one described, and its threads as fast as those of this one"


def job_of(config: Config) -> Job:
    """The settings that sizes and seconds depend on.

    Notes
    -----
    `auto` is planned as `user_neighbors`. Of the other methods `spectral` has terms of its own;
    `raw` similarity and `rp3beta` have none, as they depend on the longest histories.
    """
    gate, publish = config.gate, config.publish
    recommend = config.recommend
    filtered = recommend.method == SPECTRAL or (
        recommend.method == BLEND and recommend.blend.spectral > 0
    )
    return Job(
        n_components=config.factorize.n_components,
        svd_iterations=config.factorize.svd_iterations,
        n_similar_users=config.neighbors.n_similar_users,
        n_similar_items=config.neighbors.n_similar_items,
        n_recommendations=config.recommend.n_recommendations,
        n_buy_again=config.recommend.n_buy_again,
        checkpoints=config.runs.checkpoints,
        out_of_core=config.runs.checkpoints and _is_out_of_core(config.cluster),
        hold_out_users=config.evaluation.max_users if gate.enabled and gate.hold_out else 0,
        publish_matrix=publish.user_item_matrix,
        max_similarity_articles=publish.max_similarity_articles,
        spectral_components=recommend.spectral.n_components if filtered else 0,
    )


def _is_out_of_core(cluster: ClusterSettings) -> bool:
    """Asked for, or by a limit of the memory."""
    if cluster.out_of_core == "auto":
        return cluster.memory_limit != "auto"
    return cluster.out_of_core == "on"


def require_fits(planned: Planned) -> None:
    """Nothing, where every worker has what the largest stage needs.

    Raises
    ------
    ResourceError
        Names the stage, what it needs and what a worker has, and a change under which it fits.
    """
    plan = planned.plan
    if plan.fits:
        return
    stage = plan.peak
    largest = max(
        (term for term in stage.terms if term.kind not in ("base", "mapped")),
        key=lambda term: term.bytes,
    )
    raise ResourceError(
        f"{stage.name} needs {in_gb(stage.needed_bytes)} in a worker, and "
        f"{in_gb(plan.usable_bytes)} can be used: {PAUSE_SHARE:.0%} of its "
        f"{in_gb(plan.machine.memory_bytes)}; the largest part is {largest.name}, "
        f"{in_gb(largest.bytes)}",
        remedy=_remedy(planned),
    )


def in_gb(n_bytes: int) -> str:
    """Bytes for people, in units of which memory is bought.

    Examples
    --------
    >>> in_gb(1_310_000_000), in_gb(5_000_000)
    ('1.31 GB', '5 MB')
    """
    return f"{n_bytes / GB:.2f} GB" if n_bytes >= GB / 10 else f"{n_bytes / 1e6:.0f} MB"


def _remedy(planned: Planned) -> str:
    least = f"workers with {planned.plan.least_memory_limit / GB:.1f} GB each"
    changes = [*(remedy.change for remedy in planned.remedies), least]
    anyway = "--set cluster.require_fit=false to try all the same"
    return f"one of: {', or '.join([*changes, anyway])}"


def _search_share(measured: Measured, job: Job) -> float:
    sizes, histories = measured.sizes, measured.histories
    found = measure_search_share(histories, sizes.profiles, job.n_components, job.n_similar_users)
    return sizes.search_share if found is None else found
