"""``cfdist evaluate`` from rows to a stored document: ingest, compare, decide."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from cfdist.config import Config
from cfdist.errors import ConfigError, DataError
from cfdist.evaluation.auto import resolve_method
from cfdist.evaluation.candidates import Candidate, own_candidate, with_baseline
from cfdist.evaluation.comparison import difference
from cfdist.evaluation.curve import FEW_SHARES, component_curve
from cfdist.evaluation.decision import Decision, expiry, read_decision, renew, store_decision
from cfdist.evaluation.document import document, plain
from cfdist.evaluation.evaluate import Comparison, compare, standings, winner
from cfdist.evaluation.samples import measure_samples
from cfdist.evaluation.watching import watch
from cfdist.redact import redact_text
from cfdist.schema import USER_NEIGHBORS
from cfdist.stages.context import Context
from cfdist.stages.ingest import FLOOR_ALONE, Interactions, ingest
from cfdist.stages.sample_users import sample_users


def sampled(config: Config) -> Config:
    """The settings under which no more than ``evaluation.max_users`` users are read."""
    floor = config.evaluation.max_users
    share = {"sample_percent": FLOOR_ALONE, "sample_by": "users", "min_sample_users": floor}
    return config.model_copy(update={"ingest": config.ingest.model_copy(update=share)})


def evaluate(
    context: Context,
    candidates: Sequence[Candidate] | None = None,
    *,
    decide: bool = False,
    sample: bool = False,
    keep: Callable[[Comparison], Any] | None = None,
) -> dict[str, Any]:
    """The document of a comparison, with a stored decision where one was asked for.

    Parameters
    ----------
    candidates : sequence of Candidate, optional
        By default the method of the settings. ``popular`` is always added.
    decide : bool
        Choose one, and keep the choice for ``recommend.method = "auto"``.
    sample : bool
        Measure the method on samples of the users, too.
    keep : callable, optional
        Is handed the comparison, to store values per user.
    """
    interactions = ingest(context)
    obstacle = _obstacle(context.config, interactions) if decide else None
    if obstacle:
        context = _by_chance(context)
    if not decide:
        context = resolve_method(context)
    own = own_candidate(context.config)
    compared = with_baseline(candidates or [own])
    found = compare(context, interactions, compared, with_curve_of=own, with_partners=True)
    if keep is not None:
        keep(found)
    chosen = winner(found)
    shown = chosen or next(iter(found.able), None)
    result = document(context, found, shown)
    if decide:
        result["decision"] = _decide(context, found, result, obstacle)
    if sample:
        result["sample"] = measure_samples(context, interactions)
    result["notes"] = list(context.notes)
    return result


def _obstacle(config: Config, interactions: Interactions) -> str | None:
    """Why these rows or this split cannot decide, before anything is measured."""
    if not interactions.meta["has_timestamps"]:
        return "the input has no timestamps, and a decision needs windows of time"
    if config.evaluation.split not in ("date", "rolling"):
        return f"evaluation.split = {config.evaluation.split} leaks the future"
    return None


def _by_chance(context: Context) -> Context:
    """The context with a split that these rows allow, so that there are figures at least."""
    settings = context.config.evaluation
    if settings.split in ("date", "rolling"):
        settings = settings.model_copy(update={"split": "random"})
    return context.with_config(context.config.model_copy(update={"evaluation": settings}))


def measure_experiment(context: Context, interactions: Interactions) -> dict[str, Any] | None:
    """The method of an experiment against `popular` on its own sample; None without dates.

    At most ``evaluation.max_users`` of its users are fitted and judged; the curve of components
    has three points, where that of :func:`evaluate` has seven.
    """
    if not (context.config.experiment.evaluate and interactions.meta["has_timestamps"]):
        return None
    progress = watch(context.progress)
    own = own_candidate(context.config)
    try:
        with progress.candidate("hold_out"):
            quiet = context.sharing(progress)
            rows = sample_users(quiet, interactions, context.config.evaluation.max_users)
            found = compare(quiet, rows, with_baseline([own]))
            found.curve = component_curve(quiet, found.reporting, own, found.target, FEW_SHARES)
            return document(context, found, winner(found) or next(iter(found.able), None))
    except (DataError, ConfigError) as error:
        context.note(f"nothing could be held out: {error.message}")
        return None


def _decide(
    context: Context, found: Comparison, result: dict[str, Any], obstacle: str | None
) -> dict[str, Any]:
    """The decision as stored; where nothing can be decided, ``user_neighbors`` and the reason."""
    settings = context.config.evaluation
    n_judged = result["population"]["n_judged"]
    chosen = winner(found)
    now, until = expiry(settings.decision_days)
    if chosen is None or n_judged < settings.min_users:
        obstacle = obstacle or (
            f"{n_judged:,} users can be judged, and evaluation.min_users = "
            f"{settings.min_users:,} are needed"
        )
    if chosen is None or obstacle:
        reason = f"nothing was decided: {obstacle}; {USER_NEIGHBORS} is used"
        context.note(reason)
        return {"name": USER_NEIGHBORS, "method": USER_NEIGHBORS, "reason": reason}
    new = Decision(
        chosen.candidate.name, dict(chosen.candidate.settings),
        redact_text(context.config.ingest.input), found.target.name, now, until, context.run_id,
        table=plain(_table(found)),
    )  # fmt: skip
    named = {outcome.candidate.name: outcome.candidate.settings for outcome in found.able}
    kept = renew(chosen.candidate.name, named, read_decision(context.config), new)
    store_decision(context.config, kept)
    return asdict(kept) | {"method": kept.method, "reason": _reason(found, kept)}


def _table(found: Comparison) -> list[dict[str, Any]]:
    return [
        asdict(row) | {"against_popular": _against_popular(found, row.name)}
        for row in standings(found)
    ]


def _against_popular(found: Comparison, name: str) -> float | None:
    if found.popular is None:
        return None
    outcome = next(o for o in found.able if o.candidate.name == name)
    return difference(found.choosing, outcome, found.popular, found.target).mean


def _reason(found: Comparison, decision: Decision) -> str:
    rows = {row.name: row for row in standings(found)}
    best = min(rows.values(), key=lambda row: row.behind)
    row = rows[decision.name]
    if decision.challenger:
        return (
            f"{decision.challenger} leads for the first time; {decision.name} stays until it "
            "leads again"
        )
    if row.name == best.name:
        return f"{row.name} is the best of {len(rows)} candidates"
    return (
        f"{row.name} is the simplest within one standard error of {best.name}, the best: "
        f"{row.behind:.4f} behind, standard error {row.standard_error:.4f}"
    )
