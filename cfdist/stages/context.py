"""What every stage is given: the cluster, the settings, progress and checkpoints."""

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker, as_completed

from cfdist.backends import has_device, transfers
from cfdist.cluster.plugins import trim_memory
from cfdist.config import Config
from cfdist.errors import CfdistError, ClusterError
from cfdist.redact import redact_text
from cfdist.stages.checkpoint import (
    Checkpoints,
    StoredParts,
    hash_settings,
    resolved,
)
from cfdist.stages.progress import Progress, Silence
from cfdist.stages.task import Place, for_client, itself, moved_for, run_task, same

RETRIES = 2
CANCELLED = threading.Event()
"""Set by a signal: Python drops a KeyboardInterrupt that is raised in a finalizer or callback, so
stages look here as well."""


@dataclass(frozen=True)
class Artifact:
    """Result of a stage: a small description and one future per part.

    Attributes
    ----------
    key : str
        Hash of all that the result depends on.
    meta : dict
        Counts and settings, JSON values only.
    parts : dict of sequences of futures
    """

    key: str
    meta: Mapping[str, Any]
    parts: Mapping[str, Sequence[Future]]


Kind = TypeVar("Kind", bound=Artifact)


@dataclass
class Context:
    """The run that stages work in.

    Attributes
    ----------
    seconds : dict
        Wall time per stage, filled as stages end.
    notes : list of str
        What the user was told; kept in the manifest.
    memory : dict or None
        Artifacts by key: with a dict, a stage that ran once under a key is not run again.
    out_of_core : bool
        Parts of artifacts stay in their checkpoints, and tasks map what they use: memory is that
        of the tasks in flight.
    backend : str
        Name of the backend that device tasks are given, see :mod:`cfdist.backends`.
    transfers : dict
        Per stage, what went between host and device, and the device memory in use at most; empty
        on the CPU.
    """

    client: Client
    config: Config
    run_id: str
    progress: Progress = field(default_factory=Silence)
    checkpoints: Checkpoints = field(default_factory=lambda: Checkpoints(None))
    now_us: int = field(default_factory=lambda: int(time.time() * 1e6))
    seconds: dict[str, float] = field(default_factory=dict)
    resumed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    memory: dict[str, Artifact] | None = None
    out_of_core: bool = False
    backend: str = "cpu"
    transfers: dict[str, dict[str, int]] = field(default_factory=dict)

    def with_config(self, config: Config) -> "Context":
        """The same run under other settings; memory, notes and seconds are shared."""
        return replace(self, config=config)

    def on_backend(self, backend: str) -> "Context":
        """The same run on another backend; seconds, notes and transfers are shared."""
        return replace(self, backend=backend)

    def sharing(self, progress: Progress) -> "Context":
        """The same run with another listener, and a memory for stages that come again.

        Its seconds are its own, and it keeps no checkpoints.
        """
        memory = {} if self.memory is None else self.memory
        return replace(
            self, progress=progress, memory=memory, checkpoints=Checkpoints(None), seconds={}
        )

    def note(self, message: str) -> None:
        """Tell the user and remember it, without passwords."""
        message = redact_text(message)
        if message not in self.notes:
            self.notes.append(message)
            self.progress.note(message)

    @contextmanager
    def stage(self, name: str, *depends_on: object) -> Iterator["Stage"]:
        """A running stage, timed; its key is the hash of ``depends_on``."""
        _stop_if_cancelled()
        started = time.perf_counter()
        stage = Stage(self, name, hash_settings(name, *depends_on, *self._computed_by()))
        if self.memory is not None and stage.key in self.memory:
            yield stage
            return
        self.checkpoints.claim(name, stage.key)
        self.progress.start(name)
        yield stage
        if self.out_of_core:
            self.client.run(trim_memory, on_error="ignore")
        self._count_transfers(name)
        seconds = time.perf_counter() - started
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.progress.finish(name, seconds, name in self.resumed)

    def value_of(self, future: Future) -> Any:
        """The value for this process, which may have neither a device nor its libraries."""
        if has_device(self.backend):
            future = self.client.submit(for_client, self.backend, future, pure=False)
        return resolved(future.result())

    def begin_counting(self) -> None:
        """Forget what the workers have moved and held so far, such as for their proof."""
        if has_device(self.backend):
            self.client.run(moved_for, self.backend, "", on_error="ignore")

    def _computed_by(self) -> list[str]:
        """What the key of a stage says besides: results of another backend differ in rounding."""
        return [self.backend] if has_device(self.backend) else []

    def _count_transfers(self, stage: str) -> None:
        """Add up what the workers moved for a stage."""
        if not has_device(self.backend):
            return
        total = transfers.Transfers(**self.transfers.get(stage, {}))
        for counts in self.client.run(moved_for, self.backend, stage, on_error="ignore").values():
            total.add(counts)
        self.transfers[stage] = asdict(total)


def staging_of(context: Context) -> Path:
    """Folder of the files that live as long as the run, below its record."""
    return (Path(context.config.runs.path) / context.run_id / "staging").resolve()


class Stage:
    """One stage of a run: submits tasks that are named after it and checkpointed."""

    def __init__(self, context: Context, name: str, key: str) -> None:
        self.context = context
        self.name = name
        self.key = key
        self._numbers: dict[str, int] = {}
        self._notes_before = len(context.notes)

    def resume(self, kind: type[Kind]) -> Kind | None:
        """The artifact of an earlier run, or of this one, under the same key, or None."""
        memory = self.context.memory
        if memory is not None and isinstance(known := memory.get(self.key), kind):
            return known
        found = self.context.checkpoints.find(self.name, self.key)
        if found is None:
            return None
        parts = {
            part: StoredParts(
                self.context.client,
                [self._path(part, i) for i in range(size)],
                stay=self.context.out_of_core,
            )
            for part, size in found["parts"].items()
        }
        self.context.resumed.append(self.name)
        for note in found["meta"].get("notes", []):
            self.context.note(note)
        return self._remember(kind(self.key, found["meta"], parts))

    def submit(
        self,
        task: Callable[..., Any],
        *args: Any,
        label: str = "",
        part: str = "",
        retries: int = RETRIES,
    ) -> Future:
        """Future of ``task(*args)`` on the host, written to the checkpoint as the next of ``part``.

        Arguments that are on a device are brought to the host first, which is counted.
        """
        return self._submit(task, args, label, part, retries, on_device=False)

    def compute(
        self,
        task: Callable[..., Any],
        *args: Any,
        label: str = "",
        part: str = "",
        retries: int = RETRIES,
    ) -> Future:
        """Future of ``task(backend, *args)``, on the device of the run's backend.

        Arguments are brought to the device first where they are not there yet; the value stays
        there. On the CPU both are the same place.
        """
        return self._submit(task, args, label, part, retries, on_device=True)

    def on_device(self, future: Future) -> Future:
        """The value on the device, for tasks that share it; where there is none, as it is."""
        if not has_device(self.context.backend):
            return future  # out of core it stays in its file
        return self.compute(same, future, label="share")

    def on_host(self, future: Future) -> Future:
        """The value on the host, brought there once for tasks that share it; or as it is."""
        if not has_device(self.context.backend):
            return future
        return self.submit(itself, future, label="host")

    def _submit(
        self,
        task: Callable[..., Any],
        args: tuple[Any, ...],
        label: str,
        part: str,
        retries: int,
        on_device: bool,
    ) -> Future:
        counter = f"part {part}" if part else label
        number = self._numbers.get(counter, 0)
        self._numbers[counter] = number + 1
        words = "-".join(word for word in (self.name, label or part) if word)
        key = f"{words.replace('_', '-')}-{number}{uuid.uuid4().hex}"
        context = self.context
        path = context.checkpoints.path(self.name, self.key, part, number) if part else None
        place = Place(context.backend, on_device, self.name, context.out_of_core)
        context.progress.add(self.name, 1)
        return context.client.submit(
            run_task, task, args, path, place, key=key, retries=retries, pure=False
        )

    def wait(self, futures: Iterable[Future]) -> None:
        """Block until all are done; the first error ends the stage.

        Raises
        ------
        CfdistError
            What the task raised, as it was.
        ClusterError
            Workers died while they ran the task.
        """
        for future in as_completed(list(futures)):
            _stop_if_cancelled()
            if future.status in ("error", "cancelled"):
                raise _translate(future)
            self.context.progress.advance(self.name)

    def count(self, futures: Iterable[Future]) -> None:
        """Show each as progress when it is done, without keeping its value for that."""
        progress, name = self.context.progress, self.name
        for future in futures:
            future.add_done_callback(lambda _: progress.advance(name))

    def result(self, future: Future) -> Any:
        """The value of one future."""
        self.wait([future])
        return future.result()

    def complete(
        self, kind: type[Kind], meta: Mapping[str, Any], **parts: Sequence[Future]
    ) -> Kind:
        """The artifact, after its checkpoint is marked complete."""
        sizes = {name: len(futures) for name, futures in parts.items()}
        meta = {**meta, "notes": self.context.notes[self._notes_before :]}
        self.context.checkpoints.complete(self.name, self.key, meta, sizes)
        return self._remember(kind(self.key, meta, parts))

    def _remember(self, artifact: Kind) -> Kind:
        if self.context.memory is not None:
            self.context.memory[self.key] = artifact
        return artifact

    def _path(self, part: str, number: int) -> Path:
        path = self.context.checkpoints.path(self.name, self.key, part, number)
        assert path is not None
        return path


def _stop_if_cancelled() -> None:
    if CANCELLED.is_set():
        raise KeyboardInterrupt


def _translate(future: Future) -> BaseException:
    error: BaseException | None = None if future.cancelled() else future.exception()
    if isinstance(error, CfdistError):
        return error
    if isinstance(error, KilledWorker):
        return ClusterError(
            f"workers died while they ran {future.key}: most often the memory ran out",
            remedy="give workers more memory (--set cluster.memory_limit=8GB), or sample the data",
        )
    if error is None or isinstance(error, asyncio.CancelledError):
        return ClusterError(
            f"the task {future.key} was lost with its scheduler or worker",
            remedy="run the same command again: complete stages are kept",
        )
    return error
