"""A job on GPUs: what lies on a device in which stage, and what a stage is made of."""

from dataclasses import dataclass, field
from math import ceil
from typing import Final, Literal

from cfdist.plan.sizes import Job, Machine, Sizes
from cfdist.plan.terms import Term, spread
from cfdist.plan.values import ENTRY_BYTES, INTERACTION_BYTES, POINTER_BYTES, Values, values_of

Way = Literal["between workers", "to the device", "to the host"]

STAGES: Final = (
    "ingest", "hold_out", "index", "matrix", "factorize", "profiles", "neighbors", "recommend",
    "pairs", "publish",
)  # fmt: skip
"""In the order of a training. `spectral` works on the host."""


@dataclass(frozen=True)
class Traffic:
    """Bytes that the busiest worker receives, or moves between its device and its host.

    Attributes
    ----------
    way : {"between workers", "to the device", "to the host"}
    """

    name: str
    way: Way
    bytes: int


@dataclass(frozen=True)
class DeviceStage:
    """What one stage takes of one worker's device, and what it moves."""

    name: str
    terms: tuple[Term, ...]
    traffic: tuple[Traffic, ...]

    @property
    def peak_bytes(self) -> int:
        """Of one device: all terms at once."""
        return sum(term.bytes for term in self.terms)

    @property
    def largest_term(self) -> Term:
        """The term that takes most."""
        return max(self.terms, key=lambda term: term.bytes)

    def moved(self, way: Way) -> int:
        """Bytes of one way."""
        return sum(one.bytes for one in self.traffic if one.way == way)


@dataclass(frozen=True)
class Lying:
    """A value that stays on devices between stages.

    Attributes
    ----------
    is_whole : bool
        One worker makes it, and all that need it have all of it; otherwise it lies in blocks.
    first, last : str
        Stages that make it and that need it last.
    read_by : tuple of str
        Stages whose tasks are given it.
    """

    name: str
    is_whole: bool
    first: str
    last: str
    read_by: tuple[str, ...]

    def lies_in(self, stage: str) -> bool:
        """Whether it is there while the stage runs."""
        place = STAGES.index
        return place(self.first) <= place(stage) <= place(self.last)


VALUES: Final = (
    Lying("interactions", False, "ingest", "matrix", ("ingest", "hold_out", "index", "matrix")),
    Lying("matrix", False, "matrix", "publish", ("matrix", "factorize", "profiles", "recommend",
                                                 "publish")),
    Lying("user factors", False, "factorize", "publish", ("factorize", "neighbors", "publish")),
    Lying("item factors", True, "factorize", "publish", ("factorize", "neighbors", "recommend",
                                                         "pairs", "publish")),
    Lying("distinct histories", True, "profiles", "publish", ("profiles", "neighbors",
                                                              "recommend")),
    Lying("neighbours", True, "neighbors", "publish", ("neighbors", "recommend", "pairs",
                                                       "publish")),
)  # fmt: skip
"""Ids, baskets, lists and pairs are on the host."""


@dataclass(frozen=True)
class DeviceCase:
    """One job on GPUs, one worker each, which runs one task at a time."""

    sizes: Sizes
    job: Job
    machine: Machine
    values: Values = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", values_of(self.sizes, self.job))

    @property
    def workers(self) -> int:
        """One for each GPU."""
        return max(1, self.machine.gpus)

    @property
    def blocks(self) -> int:
        """Blocks of users."""
        return self.values.blocks

    def in_block(self, number: int) -> int:
        """Of so many users, rows or pairs those of one block, which is as large as the others."""
        return ceil(number / self.blocks)

    def bytes_of(self, name: str) -> int:
        """Of a value that lies on devices."""
        sizes, values = self.sizes, self.values
        known = {
            "interactions": sizes.rows * INTERACTION_BYTES,
            "matrix": values.matrix,
            "baskets": values.baskets,
            "user factors": values.user_factors,
            "item factors": values.item_factors,
            "distinct histories": values.profiles,
            "neighbours": values.neighbors,
        }
        return known[name]

    def lying(self, stage: str) -> tuple[Term, ...]:
        """What is on one device for this stage and for later ones.

        Notes
        -----
        Out of core a value waits in files, and a task brings what it is given to the device: one
        block, or all of a whole value.
        """
        there = [value for value in VALUES if value.lies_in(stage)]
        if not self.job.out_of_core:
            return tuple(self._term(value) for value in there)
        return tuple(self._given(value) for value in there if stage in value.read_by)

    def _term(self, value: Lying) -> Term:
        n_bytes = self.bytes_of(value.name)
        if value.is_whole:
            return Term(value.name, "replicated", n_bytes)
        return Term(value.name, "held", spread(n_bytes, self.blocks, self.workers))

    def _given(self, value: Lying) -> Term:
        n_bytes = self.bytes_of(value.name)
        return Term(value.name, "in flight", n_bytes if value.is_whole else self.in_block(n_bytes))

    def block_of_matrix(self) -> int:
        """Bytes of the weights of one block of users."""
        pairs, users = self.in_block(self.sizes.pairs), self.in_block(self.sizes.users)
        return pairs * ENTRY_BYTES + users * POINTER_BYTES

    def to_all(self, name: str, n_bytes: int) -> Traffic:
        """A value that one worker made and every other one receives."""
        return Traffic(name, "between workers", n_bytes if self.workers > 1 else 0)

    def to_one(self, name: str, n_bytes: int) -> Traffic:
        """A value in blocks that one worker receives, all but its own share."""
        return Traffic(name, "between workers", n_bytes - ceil(n_bytes / self.workers))

    def exchanged(self, name: str, n_bytes: int) -> Traffic:
        """A value of which every worker receives its share from all of them."""
        share = ceil(n_bytes / self.workers)
        return Traffic(name, "between workers", share - ceil(share / self.workers))

    def summed(self, name: str, n_bytes: int, times: int = 1) -> Traffic:
        """Sums over a tree of blocks: at most one operand of an addition comes from elsewhere."""
        additions = ceil((self.blocks - 1) / self.workers) if self.workers > 1 else 0
        return Traffic(name, "between workers", additions * n_bytes * times)

    def to_host(self, name: str, n_bytes: int) -> Traffic:
        """One worker's share of what leaves the devices."""
        return Traffic(name, "to the host", spread(n_bytes, self.blocks, self.workers))

    def to_device(self, name: str, n_bytes: int) -> Traffic:
        """One worker's share of what comes to the devices."""
        return Traffic(name, "to the device", spread(n_bytes, self.blocks, self.workers))

    def checkpointed(self, *names: str) -> tuple[Traffic, ...]:
        """What a stage made, copied to the host for its checkpoint."""
        if not self.job.checkpoints:
            return ()
        return tuple(self._leaving(f"checkpoint of {name}", name) for name in names)

    def _leaving(self, said: str, name: str) -> Traffic:
        value = next(value for value in VALUES if value.name == name)
        if value.is_whole:
            return Traffic(said, "to the host", self.bytes_of(name))
        return self.to_host(said, self.bytes_of(name))

    def mapped(self, stage: str, tasks: int) -> tuple[Traffic, ...]:
        """Out of core: what the tasks of a stage bring to the device, whole values each time."""
        if not self.job.out_of_core:
            return ()
        each = ceil(tasks / self.workers)
        read = [value for value in VALUES if stage in value.read_by and value.first != stage]
        return tuple(
            Traffic(
                f"{value.name} from files",
                "to the device",
                self.bytes_of(value.name) * each
                if value.is_whole
                else spread(self.bytes_of(value.name), self.blocks, self.workers),
            )
            for value in read
        )
