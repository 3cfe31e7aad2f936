"""The plan of a job: its stages, its peak, and whether it fits."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from cfdist.plan import constants as c
from cfdist.plan.gpu.case import DeviceCase
from cfdist.plan.gpu.host import host_draft
from cfdist.plan.gpu.plan import DevicePlan, make_device_plan
from cfdist.plan.sizes import Job, Machine, Sizes
from cfdist.plan.stages import READS, STAGES
from cfdist.plan.svd import method_of, n_passes
from cfdist.plan.terms import Case, Draft, StagePlan, Term, Work

REST = "rest"
GB = 10**9


@dataclass(frozen=True)
class Plan:
    """What a job will take, before it runs.

    Attributes
    ----------
    stages : tuple of StagePlan
        In the order in which they run; the last, ``rest``, is the start and the end of the process.
        Their memory is that of the host; with the backend ``gpu`` values are on the devices.
    device : DevicePlan or None
        Where GPUs are there, or described.
    """

    sizes: Sizes
    job: Job
    machine: Machine
    stages: tuple[StagePlan, ...]
    device: DevicePlan | None = None

    @property
    def peak(self) -> StagePlan:
        """The stage in which one worker needs most."""
        return max(self.stages, key=lambda stage: stage.needed_bytes)

    @property
    def peak_bytes(self) -> int:
        """Of one worker, pages of files included."""
        return max(stage.peak_bytes for stage in self.stages)

    @property
    def needed_bytes(self) -> int:
        """Of one worker, that must be there at once."""
        return self.peak.needed_bytes

    @property
    def all_bytes(self) -> int:
        """Of all processes together, at the peak of the workers."""
        client = c.CLIENT_BYTES if self.machine.workers else 0
        return self.machine.n_workers * self.peak_bytes + client

    @property
    def usable_bytes(self) -> int:
        """Of a worker's memory; above, Dask starts no more tasks."""
        return int(c.PAUSE_SHARE * self.machine.memory_bytes)

    @property
    def is_on_gpu(self) -> bool:
        """Whether GPUs compute: then nobody has measured the seconds."""
        return self.machine.backend == "gpu"

    @property
    def fits_host(self) -> bool:
        """Whether every worker has what the largest stage needs."""
        return self.needed_bytes <= self.usable_bytes

    @property
    def fits_gpu(self) -> bool | None:
        """Whether every GPU has; None where none is described."""
        if self.device is None or not self.device.usable_bytes:
            return None
        return self.device.fits

    @property
    def fits(self) -> bool:
        """Whether the job can run: on the host, and on the GPUs where they compute."""
        return self.fits_host and not (self.is_on_gpu and self.fits_gpu is False)

    @property
    def least_memory_limit(self) -> int:
        """Bytes per worker from which on the job fits, rounded up to 100 MB."""
        least = ceil(self.needed_bytes / c.PAUSE_SHARE / (GB / 10)) * (GB // 10)
        return max(c.MIN_WORKER_BYTES, least)

    @property
    def seconds(self) -> float:
        """From the start of the process to its end, where the CPU computes."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def n_passes(self) -> int:
        """Passes of the SVD."""
        return n_passes(self.sizes, self.job)

    @property
    def svd_method(self) -> str:
        """How the SVD is done."""
        return method_of(self.sizes)

    @property
    def output_bytes(self) -> int:
        """Of the published files."""
        return self.stage("publish").output_bytes

    @property
    def checkpoint_bytes(self) -> int:
        """On disk before the job is published, beside the output."""
        if not self.job.checkpoints:
            return 0
        return sum(stage.output_bytes for stage in self.stages if stage.name != "publish")

    def stage(self, name: str) -> StagePlan:
        """One stage by its name."""
        return next(stage for stage in self.stages if stage.name == name)


def make_plan(sizes: Sizes, job: Job, machine: Machine) -> Plan:
    """The plan of a training.

    Notes
    -----
    The peak of a stage is the base process, what is held or copied for later stages, what its
    tasks have in flight, and what the allocator has kept of earlier stages and this one does not
    use again.
    """
    case = Case(sizes, job, machine)
    drafts = [draft for stage in STAGES if (draft := stage(case)) is not None]
    device = make_device_plan(sizes, job, machine) if machine.gpus else None
    if device is not None and machine.backend == "gpu":
        drafts = _on_host(drafts, device)
    start = Work(alone=c.START_S + (c.WORKERS_START_S if machine.workers else 0.0))
    rest = StagePlan(REST, 0, (_base(),), 0, _scaled(start, machine, 1))
    kept = 0.0 if job.out_of_core else c.HELD_SHARE
    return Plan(sizes, job, machine, (*_with_base(drafts, machine, kept), rest), device)


def _on_host(drafts: list[Draft], device: DevicePlan) -> list[Draft]:
    case = DeviceCase(device.sizes, device.job, device.machine)
    stages = {stage.name: stage for stage in device.stages}
    return [host_draft(draft, case, stages.get(draft.name)) for draft in drafts]


def _with_base(drafts: list[Draft], machine: Machine, held_share: float) -> Iterator[StagePlan]:
    largest = 0
    for draft in drafts:
        kept = max(0, int(held_share * largest) - draft.flight_bytes)
        largest = max(largest, draft.flight_bytes)
        code = Term("compiled kernels", "base", c.KERNEL_BYTES)
        used = [term for term in draft.terms if term.kind != "mapped" or _is_read(draft, term)]
        terms = (_base(), code, Term("kept by the allocator", "held", kept), *used)
        seconds = _scaled(draft.work, machine, draft.width) + draft.tasks * c.TASK_S
        yield StagePlan(draft.name, draft.tasks, terms, draft.output_bytes, seconds)


def _is_read(draft: Draft, term: Term) -> bool:
    return term.name in READS.get(draft.name, {term.name})


def _base() -> Term:
    return Term("base process", "base", c.BASE_BYTES)


def _scaled(work: Work, machine: Machine, width: int) -> float:
    """Seconds on this machine: what tasks share is divided by the threads that have some."""
    rates, reference = machine.rates, c.REFERENCE
    shared = (
        work.gemm * reference.gemm_flops / rates.gemm_flops
        + work.sparse * reference.sparse_flops / rates.sparse_flops
        + work.memory * reference.memory_bytes / rates.memory_bytes
        + work.table * reference.table_rows / rates.table_rows
        + work.disk * reference.disk_bytes / rates.disk_bytes
    )
    alone = work.alone * reference.table_rows / rates.table_rows
    return alone + shared / float(min(machine.all_threads, width) ** c.THREADS_POWER)
