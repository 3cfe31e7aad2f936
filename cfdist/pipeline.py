"""The stages in order."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from distributed import Client

from cfdist.backends import has_device
from cfdist.builds import Build, load_build
from cfdist.cluster.devices import describe_workers
from cfdist.config import Config
from cfdist.errors import DataError
from cfdist.evaluation.auto import resolve_method
from cfdist.evaluation.candidates import Candidate
from cfdist.evaluation.document import headline
from cfdist.evaluation.run import evaluate as measure_candidates
from cfdist.evaluation.run import measure_experiment, sampled
from cfdist.evaluation.sibling import measure_sibling
from cfdist.evaluation.verification import Verification, settings_of, verify_build
from cfdist.plan import Plan
from cfdist.planning import in_gb, plan_for, require_fits
from cfdist.redact import redact
from cfdist.runs.evaluations import store_evaluation
from cfdist.runs.record import RunRecord
from cfdist.runs.recording import recorded_run
from cfdist.runs.space import Space
from cfdist.runs.study import require_optuna
from cfdist.runs.sweep import STOPPED
from cfdist.runs.sweep import sweep as measure_trials
from cfdist.runs.sweep_document import sweep_document
from cfdist.runs.sweep_folder import described, require_same
from cfdist.runs.values import store_values
from cfdist.stages.buy_again import buy_again
from cfdist.stages.catalogue import check_id_lists
from cfdist.stages.checkpoint import Checkpoints
from cfdist.stages.context import Context
from cfdist.stages.factorize import Factors
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import Interactions, ingest
from cfdist.stages.pairs import pairs
from cfdist.stages.progress import Progress, Silence
from cfdist.stages.publish import publish, require_writable
from cfdist.stages.purchases import needs_purchases
from cfdist.stages.recommend import recommend
from cfdist.stages.recommenders.user_neighbors import require_neighbors
from cfdist.stages.results import Results, metrics_of
from cfdist.stages.select import select


def train(
    config: Config | None = None,
    client: Client | None = None,
    progress: Progress | None = None,
    *,
    force: bool = False,
) -> Build:
    """The build that was published from the whole input.

    Parameters
    ----------
    config : Config, optional
        Settings; ``Config()`` by default, which reads ``cfdist.toml`` and the environment.
    client : distributed.Client, optional
        A cluster to use; otherwise the one that ``config.cluster`` names is opened and closed.
    progress : Progress, optional
        Listener; silent by default.
    force : bool
        Publish a build that the gate refuses, and record that.

    Returns
    -------
    Build
        Published; live, or waiting behind a build that is pinned.

    Raises
    ------
    CfdistError
        See :mod:`cfdist.errors`; nothing is published then, and complete stages are kept.
        A :class:`~cfdist.errors.ResourceError` says, before anything is computed, that the job
        does not fit. A :class:`~cfdist.errors.GateError` names the checks that refused a build,
        which is kept.

    Notes
    -----
    A stopped run goes on after its last complete stage when the input and the settings that the
    stage reads are the same.
    """
    config = config or Config()
    require_writable(config)
    check_id_lists(config)
    with recorded_run("train", config, client, progress or Silence()) as (context, record):
        context = resolve_method(context)
        require_neighbors(context.config)
        plan = _planned(context, client)
        interactions = ingest(context)
        hold_out = _timed(context, measure_sibling, interactions)
        results = run_stages(context, interactions)
        record.metrics = metrics_of(results) | {"hold_out": hold_out}
        record.rows = redact(results.interactions.meta)
        build = publish(context, results, hold_out, force, plan)
        record.build, record.status = build.id, "published"
        context.checkpoints.remove()
    return build


def experiment(
    config: Config | None = None, client: Client | None = None, progress: Progress | None = None
) -> RunRecord:
    """The record of a quick run on a sample: variance, counts, seconds per stage.

    Nothing is published unless ``config.experiment.publish``; parameters and errors are those
    of :func:`train`.
    """
    config = _sampled(config or Config())
    require_writable(config)
    check_id_lists(config)
    with recorded_run("experiment", config, client, progress or Silence()) as (context, record):
        context.checkpoints = Checkpoints(None)
        interactions = ingest(context)
        context = resolve_method(context)
        require_neighbors(context.config)
        results = run_stages(context, interactions)  # the variance first: it is known in seconds
        found = _timed(context, measure_experiment, interactions)
        record.metrics = metrics_of(results)
        record.rows = redact(results.interactions.meta)
        if found is not None:
            record.metrics |= headline(found)
            store_evaluation(Path(config.runs.path), record.run, found)
        record.status = "done"
        if config.experiment.publish:
            record.build, record.status = publish(context, results).id, "published"
    return record


def evaluate(
    config: Config | None = None,
    client: Client | None = None,
    progress: Progress | None = None,
    *,
    candidates: Sequence[Candidate] | None = None,
    decide: bool = False,
    sample: bool = False,
    with_ids: bool = False,
) -> dict[str, Any]:
    """What lists are worth on purchases that were held out, as JSON values.

    Parameters
    ----------
    candidates : sequence of Candidate, optional
        What is compared; by default the method of the settings. `popular` is always added.
    decide : bool
        Choose one of the candidates on windows before the last, report on the last, and keep the
        choice for ``recommend.method = "auto"``.
    sample : bool
        Measure the method on samples of 1, 5, 10 and 20 % of the users, too.
    with_ids : bool
        Show user ids in the report.

    Returns
    -------
    dict
        Also stored as ``evaluation.json``, and drawn as ``report.html``, in the folder of the run.

    Notes
    -----
    At most ``evaluation.max_users`` users are read. Other parameters and errors are those of
    :func:`train`; nothing is published.
    """
    config = sampled(config or Config())
    require_writable(config)
    check_id_lists(config)
    with recorded_run("evaluate", config, client, progress or Silence()) as (context, record):
        context.checkpoints = Checkpoints(None)
        result = measure_candidates(
            context,
            candidates,
            decide=decide,
            sample=sample,
            keep=lambda found: store_values(Path(config.runs.path), record.run, found),
        )
        record.metrics = headline(result)
        result["command"] = "cfdist evaluate" + " --decide" * decide + " --sample" * sample
        store_evaluation(Path(config.runs.path), record.run, result, with_ids=with_ids)
        record.status = "done"
    return result


def sweep(
    config: Config | None = None,
    client: Client | None = None,
    progress: Progress | None = None,
    *,
    space: Space,
    n_trials: int = 30,
    timeout_s: float | None = None,
    resume: str | None = None,
) -> dict[str, Any]:
    """Trials of settings within a space, and the best against the settings as they are.

    Parameters
    ----------
    space : Space
        What is varied, see :func:`cfdist.runs.space.read_space`.
    n_trials : int
        In all, those of the run that is resumed included.
    timeout_s : float, optional
        No trial starts after so many seconds.
    resume : str, optional
        A run that was stopped, to be gone on with; space, input and settings must be the same.

    Returns
    -------
    dict
        As :func:`evaluate`, with the trials; stored and drawn in the folder of the run.
    """
    config = sampled(config or Config())
    require_writable(config)
    require_optuna()
    runs = Path(config.runs.path)
    if resume:
        require_same(runs, resume, described(config, space))
    with recorded_run("sweep", config, client, progress or Silence(), resume) as (context, record):
        context.checkpoints = Checkpoints(None)
        found = measure_trials(context, space, n_trials, timeout_s=timeout_s)
        result = sweep_document(found)
        record.metrics = headline(result)
        store_values(runs, record.run, found.comparison)
        store_evaluation(runs, record.run, result)
        record.status = "cancelled" if found.status == STOPPED else "done"
    return result


def verify(
    config: Config | None = None,
    client: Client | None = None,
    progress: Progress | None = None,
    *,
    build: str | None = None,
    n_users: int = 2000,
) -> Verification:
    """A published build, computed once more by the backend of the settings, and compared.

    Parameters
    ----------
    build : str, optional
        Name of a build in ``config.publish.root``; the live one by default.
    n_users : int
        Users whose lists are compared.

    Raises
    ------
    BuildError
        There is no such build, or it has no matrix.
    ConfigError
        Its lists cannot be made from its matrix.

    Notes
    -----
    Other parameters are those of :func:`train`; nothing is published.
    """
    config = config or Config()
    found = load_build(config.publish.root, build)
    made_with = settings_of(found, config)
    with recorded_run("verify", made_with, client, progress or Silence()) as (context, record):
        context.checkpoints = Checkpoints(None)
        result = verify_build(context, found, n_users)
        record.metrics, record.build = result.document(), found.id
        record.status = "done"
    return result


def run_stages(context: Context, interactions: Interactions | None = None) -> Results:
    """Everything before publishing, in order."""
    fitting = Fitting(context, select(context, interactions or ingest(context)))
    index, matrix = fitting.index, fitting.matrix
    if needs_purchases(context.config):
        _ = fitting.purchases
    fitting.forget_rows()
    factors = fitting.factors
    context.progress.note(_variance_line(factors))
    profiles, near = fitting.profiles, fitting.neighbors
    lists = recommend(fitting)
    partners = pairs(fitting)
    second = buy_again(fitting) if context.config.recommend.n_buy_again else None
    rows = fitting.interactions
    return Results(rows, index, matrix, factors, profiles, near, partners, lists, second)


def _planned(context: Context, client: Client | None) -> Plan | None:
    """The plan of the whole job; out of core where it says so. None for rows that cannot be used.

    Raises
    ------
    ResourceError
        The job does not fit.
    """
    config = context.config
    elsewhere = client is not None or config.cluster.address != "local"
    workers = context.client.scheduler_info(n_workers=-1)["workers"] if elsewhere else None
    devices = describe_workers(context.client) if has_device(context.backend) else None
    try:
        planned = plan_for(config, quick=True, workers=workers, devices=devices)
    except DataError:  # ingest reads every row, and says more
        return None
    if config.cluster.require_fit:
        require_fits(planned)
    context.out_of_core = planned.plan.job.out_of_core
    if context.out_of_core:
        context.progress.note(
            f"out of core: {in_gb(planned.plan.checkpoint_bytes)} go through {config.runs.path}"
        )
    return planned.plan


def _variance_line(factors: Factors) -> str:
    """What the factors hold, for who waits: the lists take longer."""
    energy, centred = (sum(factors.meta[name]) for name in ("energy", "explained_variance_ratio"))
    return (
        f"{factors.n_components} components: {energy:.1%} of the energy, "
        f"{centred:.1%} of the variance"
    )


def _timed(
    context: Context, task: Callable[[Context, Interactions], Any], interactions: Interactions
) -> Any:
    """The result of a measurement; its time counts as a stage of its own."""
    started = time.perf_counter()
    found = task(context, interactions)
    context.seconds["hold_out"] = time.perf_counter() - started
    return found


def _sampled(config: Config) -> Config:
    """The settings with the experiment's sample in place of the whole."""
    sample = {
        "sample_percent": config.experiment.sample_percent,
        "sample_by": config.experiment.sample_by,
    }
    return config.model_copy(update={"ingest": config.ingest.model_copy(update=sample)})
