"""What to change where a job does not fit, each tried on the plan before it is said."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from cfdist.plan.plan import Plan, make_plan
from cfdist.plan.sizes import Job

MAX_GPUS = 64


@dataclass(frozen=True)
class Remedy:
    """A change under which the job fits.

    Attributes
    ----------
    change : str
        What to type.
    needed_bytes : int
        Per worker, then; of its GPU where that computes.
    """

    change: str
    needed_bytes: int


def remedies(plan: Plan, total_bytes: int) -> list[Remedy]:
    """Changes that make the job fit, those that cost nothing first; none for one that fits.

    Parameters
    ----------
    total_bytes : int
        Memory of all workers together, which fewer workers share.

    Notes
    -----
    In this order: values through disk, more GPUs, fewer workers, fewer similar users, fewer
    components, a sample, the CPU. Each is the smallest such change.
    """
    if plan.fits:
        return []
    return [remedy for changed in _CHANGES if (remedy := changed(plan, total_bytes)) is not None]


def _through_disk(plan: Plan, total_bytes: int) -> Remedy | None:
    """Values in files instead of memory, where that was switched off."""
    if plan.job.out_of_core or not plan.job.checkpoints:
        return None
    changed = make_plan(plan.sizes, replace(plan.job, out_of_core=True), plan.machine)
    return _if_fits(changed, "--set cluster.out_of_core=on")


def _more_gpus(plan: Plan, total_bytes: int) -> Remedy | None:
    """Of the same memory, with a worker and its memory for each."""
    if not plan.is_on_gpu or plan.fits_gpu is not False:
        return None
    for gpus in range(plan.machine.gpus + 1, MAX_GPUS + 1):
        machine = replace(plan.machine, gpus=gpus, workers=gpus)
        changed = make_plan(plan.sizes, plan.job, machine)
        if changed.fits:
            numbers = ",".join(map(str, range(gpus)))
            change = f"--cluster cuda --gpus {numbers}" if gpus <= 8 else f"{gpus} GPU workers"
            return _if_fits(changed, change)
    return None


def _cpu(plan: Plan, total_bytes: int) -> Remedy | None:
    """Without the GPUs, where they are what is too small."""
    if not plan.is_on_gpu or plan.fits_gpu is not False:
        return None
    machine = replace(plan.machine, backend="cpu")
    return _if_fits(make_plan(plan.sizes, plan.job, machine), "--backend cpu")


def _fewer_workers(plan: Plan, total_bytes: int) -> Remedy | None:
    if plan.is_on_gpu:  # one for each GPU
        return None
    for workers in range(plan.machine.n_workers - 1, 0, -1):
        machine = replace(
            plan.machine,
            workers=workers,
            threads=max(1, plan.machine.all_threads // workers),
            memory_bytes=total_bytes // workers,
        )
        changed = make_plan(plan.sizes, plan.job, machine)
        if changed.fits:
            return _if_fits(changed, f"--workers {workers}")
    return None


def _fewer_neighbors(plan: Plan, total_bytes: int) -> Remedy | None:
    return _smaller(plan, "n_similar_users", "neighbors.n_similar_users", 5)


def _fewer_components(plan: Plan, total_bytes: int) -> Remedy | None:
    return _smaller(plan, "n_components", "factorize.n_components", 10)


def _smaller(plan: Plan, name: str, setting: str, least: int) -> Remedy | None:
    """The largest value of a setting with which the job fits, in steps of a tenth."""
    value: int = getattr(plan.job, name)
    for step in range(9, 0, -1):
        smaller = value * step // 10
        if smaller < least:
            return None
        changed = make_plan(plan.sizes, _with(plan.job, name, smaller), plan.machine)
        if changed.fits:
            return _if_fits(changed, f"--set {setting}={smaller}")
    return None


def _with(job: Job, name: str, value: int) -> Job:
    changes: dict[str, Any] = {name: value}
    return replace(job, **changes)


def _sample(plan: Plan, total_bytes: int) -> Remedy | None:
    for percent in _percents():
        users = round(plan.sizes.users * percent / 100)
        changed = make_plan(plan.sizes.with_users(users), plan.job, plan.machine)
        if changed.fits:
            return _if_fits(changed, f"--sample-percent {percent}")
    return None


def _percents() -> Iterator[int]:
    yield from (75, 50, 40, 30, 20, 10, 5, 2, 1)


def _if_fits(plan: Plan, change: str) -> Remedy | None:
    if not plan.fits:
        return None
    on_gpu = plan.is_on_gpu and plan.device is not None
    return Remedy(change, plan.device.peak_bytes if on_gpu and plan.device else plan.needed_bytes)


_CHANGES = (
    _through_disk, _more_gpus, _fewer_workers, _fewer_neighbors, _fewer_components, _sample, _cpu,
)  # fmt: skip
