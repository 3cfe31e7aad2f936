"""A run on a cluster whose record is written whatever happens."""

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client, performance_report

from cfdist.cluster import open_cluster
from cfdist.cluster.backend import backend_of
from cfdist.cluster.plugins import register_plugins
from cfdist.config import Config
from cfdist.errors import GateError
from cfdist.redact import redact, redact_text
from cfdist.runs import kernels
from cfdist.runs.record import RunRecord, new_run_id
from cfdist.stages.checkpoint import Checkpoints
from cfdist.stages.context import Context
from cfdist.stages.progress import Progress


@contextmanager
def recorded_run(
    command: str,
    config: Config,
    client: Client | None,
    progress: Progress,
    run: str | None = None,
) -> Iterator[tuple[Context, RunRecord]]:
    """A recorded run on a cluster; its outcome is written whatever happens."""
    started = time.perf_counter()
    runs = Path(config.runs.path)
    record = RunRecord(
        run or new_run_id(), command, settings=redact(config.model_dump(mode="json"))
    )
    record.write(runs)
    with ExitStack() as stack:
        stack.callback(_close, record, runs, started)
        try:
            if client is None:
                used = stack.enter_context(open_cluster(config.cluster))
            else:
                used = client
                register_plugins(client)
            if _in_process(config, client):
                stack.enter_context(kernels.loading())
                if not kernels.are_compiled():
                    progress.note(kernels.COMPILING)
            context = _context(config, used, record, progress)
            context.backend = record.backend = backend_of(
                used, config.cluster, is_here=client is None, note=context.note
            )
            context.begin_counting()
            stack.callback(context.checkpoints.release)
            stack.enter_context(_report(used, config, runs / record.run))
            yield context, record
        except BaseException as error:
            if isinstance(error, GateError):
                record.status, record.build = "refused", record.run
            else:
                record.status = "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"
            record.error = redact_text(f"{type(error).__name__}: {error}")
            raise


def _in_process(config: Config, client: Client | None) -> bool:
    """Whether tasks run in this process."""
    return client is None and config.cluster.address == "local" and not config.cluster.workers


def _context(config: Config, client: Client, record: RunRecord, progress: Progress) -> Context:
    folder = Path(config.runs.path).resolve() / "checkpoints" if config.runs.checkpoints else None
    context = Context(client, config, record.run, progress, Checkpoints(folder, record.run))
    record.seconds, record.notes = context.seconds, context.notes
    record.resumed, record.transfers = context.resumed, context.transfers
    if config.cluster.dashboard:
        progress.note(f"dashboard: {client.dashboard_link}")
    return context


@contextmanager
def _report(client: Client, config: Config, folder: Path) -> Iterator[None]:
    """Dask's own report of the run, where the dashboard's library is loaded anyway."""
    if not config.cluster.dashboard:
        yield
        return
    with client.as_current(), performance_report(filename=str(folder / "dask-report.html")):
        yield


def _close(record: RunRecord, runs: Path, started: float) -> None:
    record.total_seconds = round(time.perf_counter() - started, 3)
    record.seconds = {stage: round(value, 3) for stage, value in record.seconds.items()}
    record.write(runs)
    shutil.rmtree(runs / record.run / "staging", ignore_errors=True)
