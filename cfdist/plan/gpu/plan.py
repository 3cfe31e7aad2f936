"""The plan of a job on GPUs: stages, the peak of a device, whether it fits."""

from dataclasses import dataclass
from typing import Final

from cfdist.plan.gpu.case import DeviceCase, DeviceStage, Way
from cfdist.plan.gpu.stages import STAGES
from cfdist.plan.sizes import Job, Machine, Sizes

WAYS: Final[tuple[Way, ...]] = ("between workers", "to the device", "to the host")


@dataclass(frozen=True)
class DevicePlan:
    """What one GPU holds and moves, stage by stage.

    Attributes
    ----------
    stages : tuple of DeviceStage
        In the order in which they run.
    usable_bytes : int
        Of the smallest GPU, what a job may plan with; 0 where no GPU is described.
    """

    sizes: Sizes
    job: Job
    machine: Machine
    stages: tuple[DeviceStage, ...]

    @property
    def usable_bytes(self) -> int:
        """See the class."""
        return self.machine.gpu_usable_bytes

    @property
    def peak(self) -> DeviceStage:
        """The stage in which one GPU needs most."""
        return max(self.stages, key=lambda stage: stage.peak_bytes)

    @property
    def peak_bytes(self) -> int:
        """Of one GPU."""
        return self.peak.peak_bytes

    @property
    def fits(self) -> bool:
        """Whether every GPU has what the largest stage needs."""
        return self.peak_bytes <= self.usable_bytes

    def stage(self, name: str) -> DeviceStage:
        """One stage by its name."""
        return next(stage for stage in self.stages if stage.name == name)

    def moved(self, way: Way) -> int:
        """Bytes of one way, by the busiest worker, in the whole job."""
        return sum(stage.moved(way) for stage in self.stages)


def make_device_plan(sizes: Sizes, job: Job, machine: Machine) -> DevicePlan:
    """The plan of a training on ``machine.gpus`` GPUs, one worker each."""
    case = DeviceCase(sizes, job, machine)
    stages = (stage(case) for stage in STAGES)
    return DevicePlan(sizes, job, machine, tuple(stage for stage in stages if stage is not None))
