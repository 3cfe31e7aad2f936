"""The plan of a job that the settings describe, and the refusal of one that does not fit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from cfdist.cluster.backend import wanted_backend
from cfdist.config import Config
from cfdist.errors import ResourceError
from cfdist.input.check import require_two
from cfdist.plan import Job, Plan, make_plan
from cfdist.plan.constants import PAUSE_SHARE, REFERENCE
from cfdist.plan.plan import GB
from cfdist.plan.remedies import Remedy, remedies
from cfdist.planning.machine import (
    Given,
    machine_of,
    with_devices,
    with_workers_of,
)
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
    devices: Mapping[str, Any] | None = None,
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
    devices : mapping, optional
        The workers' GPUs, see :func:`~cfdist.planning.machine.with_devices`.

    Notes
    -----
    A job that fits no worker, or no GPU, is planned out of core, where it fits so.

    Raises
    ------
    DataError
        The input is not there, cannot be read, has no such columns or no rows.
    ConfigError
        A memory that is no number of bytes.
    """
    machine = machine_of(config.cluster, REFERENCE if quick else measure_rates(), given)
    machine = with_workers_of(machine, workers or {})
    machine = with_devices(machine, config.cluster, given, devices)
    measured = measure_sizes(config, quick=quick)
    job = job_of(config)
    sizes = measured.sizes
    require_two(sizes.users, sizes.articles)
    if not quick:
        sizes = replace(sizes, search_share=_search_share(measured, job))
    plan = make_plan(sizes, job, machine)
    if not plan.fits and config.runs.checkpoints and config.cluster.out_of_core == "auto":
        through_disk = make_plan(sizes, replace(job, out_of_core=True), machine)
        plan = min(plan, through_disk, key=_missing)
    total = machine.n_workers * machine.memory_bytes
    has_devices = machine.gpu_memory_bytes > 0
    notes = list(
        _notes(config, measured.scope, given, asked=bool(workers), has_devices=has_devices)
    )
    found = [each for each in remedies(plan, total) if not (workers and "--workers" in each.change)]
    return Planned(plan, measured.scope, measured.n_sampled_users, found, notes)


def _missing(plan: Plan) -> tuple[bool, int]:
    """What tells the better of two plans: whether it fits, then what it needs."""
    on_gpu = plan.device is not None and plan.is_on_gpu
    return not plan.fits, plan.device.peak_bytes if on_gpu and plan.device else plan.needed_bytes


def _notes(
    config: Config, scope: str, given: Given | None, *, asked: bool, has_devices: bool
) -> Iterator[str]:
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
    elif wanted_backend(config.cluster) == "gpu" and not has_devices:
        yield "whether it fits GPUs is not known: describe them with --gpus and --gpu-memory"
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
    """Nothing, where every worker, and every GPU that computes, has what the largest stage needs.

    Raises
    ------
    ResourceError
        Names the stage, what it needs and what there is, and a change under which it fits.
    """
    plan = planned.plan
    if plan.fits:
        return
    told = _host_sentence(plan) if not plan.fits_host else _device_sentence(plan)
    raise ResourceError(told, remedy=_remedy(planned))


def _host_sentence(plan: Plan) -> str:
    stage = plan.peak
    largest = max(
        (term for term in stage.terms if term.kind not in ("base", "mapped")),
        key=lambda term: term.bytes,
    )
    return (
        f"{stage.name} needs {in_gb(stage.needed_bytes)} in a worker, and "
        f"{in_gb(plan.usable_bytes)} can be used: {PAUSE_SHARE:.0%} of its "
        f"{in_gb(plan.machine.memory_bytes)}; the largest part is {largest.name}, "
        f"{in_gb(largest.bytes)}"
    )


def _device_sentence(plan: Plan) -> str:
    assert plan.device is not None
    stage, machine = plan.device.peak, plan.machine
    which = "the GPU" if machine.gpus == 1 else f"each of {machine.gpus} GPUs"
    return (
        f"{stage.name} needs {in_gb(stage.peak_bytes)} of {which}, and "
        f"{in_gb(machine.gpu_usable_bytes)} can be used: cluster.device_memory_limit, of "
        f"{in_gb(machine.gpu_memory_bytes)}; the largest part is {stage.largest_term.name}, "
        f"{in_gb(stage.largest_term.bytes)}"
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
    anyway = "--set cluster.require_fit=false to try all the same"
    changes = [*(remedy.change for remedy in planned.remedies), *_larger(planned.plan), anyway]
    return f"one of: {', or '.join(changes)}"


def _larger(plan: Plan) -> Iterator[str]:
    """Workers, or GPUs, of the least size that is enough."""
    if not plan.fits_host:
        yield f"workers with {plan.least_memory_limit / GB:.1f} GB each"
    if plan.is_on_gpu and plan.fits_gpu is False and plan.device is not None:
        machine = plan.machine
        share = machine.gpu_usable_bytes / machine.gpu_memory_bytes
        yield f"GPUs with {ceil(plan.device.peak_bytes / share / GB)} GB each"


def _search_share(measured: Measured, job: Job) -> float:
    sizes, histories = measured.sizes, measured.histories
    found = measure_search_share(histories, sizes.profiles, job.n_components, job.n_similar_users)
    return sizes.search_share if found is None else found
