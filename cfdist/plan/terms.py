"""What a stage's figures are made of: terms of memory, work by its kind, one job on one machine."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

from cfdist.plan import constants as c
from cfdist.plan.sizes import Job, Machine, Sizes
from cfdist.plan.values import Values, values_of

Kind = Literal["base", "held", "replicated", "in flight", "mapped"]


@dataclass(frozen=True)
class Term:
    """Bytes of one worker at the peak of a stage.

    Attributes
    ----------
    kind : {"base", "held", "replicated", "in flight", "mapped"}
        Values held for later stages lie on the worker that made them; replicated ones on every
        worker; mapped ones are pages of files, which the system takes back when it needs them.
    """

    name: str
    kind: Kind
    bytes: int


@dataclass(frozen=True)
class Work:
    """Seconds of one thread on the reference machine, by what they are spent on.

    ``alone`` of them are in a task that the others wait for.
    """

    gemm: float = 0.0
    sparse: float = 0.0
    memory: float = 0.0
    table: float = 0.0
    disk: float = 0.0
    alone: float = 0.0


@dataclass(frozen=True)
class StagePlan:
    """What one stage will do.

    Attributes
    ----------
    tasks : int
    terms : tuple of Term
        Their sum is the peak of one worker.
    output_bytes : int
        What the stage keeps: its parts, or the files of the build.
    seconds : float
    """

    name: str
    tasks: int
    terms: tuple[Term, ...]
    output_bytes: int
    seconds: float

    @property
    def peak_bytes(self) -> int:
        """Peak of one worker."""
        return sum(term.bytes for term in self.terms)

    @property
    def largest_term(self) -> str:
        """Name of the term that takes most, the base process aside."""
        named = [term for term in self.terms if term.kind != "base" and term.bytes]
        return max(named, key=lambda term: term.bytes).name if named else ""

    @property
    def needed_bytes(self) -> int:
        """The peak without what the system can take back."""
        return sum(term.bytes for term in self.terms if term.kind != "mapped")


@dataclass(frozen=True)
class Case:
    """One job on one machine, with the bytes of its values."""

    sizes: Sizes
    job: Job
    machine: Machine
    values: Values = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", values_of(self.sizes, self.job))

    def held(self, name: str, n_bytes: int, parts: int) -> Term:
        """A value in parts: the share of the worker that has most of them, or pages of files."""
        if self.job.out_of_core:
            return Term(name, "mapped", n_bytes)
        return Term(name, "held", spread(n_bytes, parts, self.machine.n_workers))

    def copied(self, name: str, n_bytes: int) -> Term:
        """A value that every worker has."""
        return Term(name, "mapped" if self.job.out_of_core else "replicated", n_bytes)

    def running(self, tasks: int) -> int:
        """Tasks that one worker runs at once, of so many."""
        return min(self.machine.threads, ceil(tasks / self.machine.n_workers))


@dataclass(frozen=True)
class Draft:
    """A stage before the base process and what the allocator keeps are added."""

    name: str
    tasks: int
    terms: tuple[Term, ...]
    output_bytes: int
    work: Work
    width: int
    """Tasks that can run at the same time."""

    @property
    def flight_bytes(self) -> int:
        """What is given back when the stage ends."""
        return sum(term.bytes for term in self.terms if term.kind == "in flight")


def spread(n_bytes: int, parts: int, workers: int) -> int:
    """Bytes of the worker that holds most of the parts.

    Examples
    --------
    >>> spread(700, 7, 2), spread(700, 7, 1), spread(700, 1, 8)
    (400, 700, 700)
    """
    return ceil(n_bytes / parts) * ceil(parts / min(workers, parts))


def add_work(parts: Iterable[Work]) -> Work:
    """All of the work together."""
    parts = list(parts)
    return Work(*(sum(getattr(part, name) for part in parts)
                  for name in ("gemm", "sparse", "memory", "table", "disk", "alone")))  # fmt: skip


def checkpoint_s(case: Case, n_bytes: int) -> float:
    """Seconds of writing a checkpoint."""
    return n_bytes * c.CHECKPOINT_BYTE_S if case.job.checkpoints else 0.0
