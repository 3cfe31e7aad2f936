"""The gate's measurement: the same recipe, fitted before the newest purchases."""

from typing import Any

from cfdist.config import Config
from cfdist.errors import CfdistError, ClusterError
from cfdist.evaluation.candidates import own_candidate, popular_candidate
from cfdist.evaluation.comparison import difference, mean_of
from cfdist.evaluation.evaluate import compare
from cfdist.evaluation.metrics import parse_metric
from cfdist.evaluation.watching import watch
from cfdist.schema import POPULAR
from cfdist.stages.context import Context
from cfdist.stages.ingest import Interactions
from cfdist.stages.sample_users import sample_users

STAGE = "hold_out"


def measure_sibling(context: Context, interactions: Interactions) -> dict[str, Any] | None:
    """Quality of the method against `popular` on the last days, for the gate; None if impossible.

    Returns
    -------
    dict or None
        metric, mean, popular, difference (estimate), n_users, from, until.

    Notes
    -----
    At most ``evaluation.max_users`` users are fitted and judged, so that this costs seconds
    whatever the size of the job.
    """
    config = context.config
    own = own_candidate(config)
    if not (config.gate.enabled and config.gate.hold_out) or own.method == POPULAR:
        return None
    if not interactions.meta["has_timestamps"]:
        context.note("the gate holds nothing out: the input has no timestamps")
        return None
    progress = watch(context.progress)
    held = context.with_config(_by_date(config)).sharing(progress)
    try:
        with progress.candidate(STAGE):
            rows = sample_users(held, interactions, config.evaluation.max_users)
            found = compare(held, rows, [popular_candidate(), own])
    except ClusterError:
        raise
    except CfdistError as error:
        context.note(f"the gate could not hold purchases out: {error.message}")
        return None
    if len(found.able) < 2 or found.popular is None:
        errors = "; ".join(outcome.error or "" for outcome in found.outcomes if outcome.error)
        context.note(f"the gate could not measure what was held out: {errors}")
        return None
    described = _described(found, own.name)
    if described["n_users"] < 2:
        context.note("the gate could not measure what was held out: no two users can be judged")
        return None
    return described


def _described(found: Any, name: str) -> dict[str, Any]:
    fold, target = found.reporting, found.target
    outcome = next(o for o in found.able if o.candidate.name == name)
    gain = difference([fold], outcome, found.popular, target)
    return {
        "metric": target.name,
        "articles": target.kind,
        "mean": mean_of([fold], outcome, target).mean,
        "popular": mean_of([fold], found.popular, target).mean,
        "difference": gain._asdict(),
        "n_users": gain.n_users,
        "window": fold.window.dates,
    }


def _by_date(config: Config) -> Config:
    """One window at the end, and the one rank that is asked for, whatever evaluations use."""
    k = parse_metric(config.evaluation.metric)[1]
    split = config.evaluation.model_copy(update={"split": "date", "date": None, "ks": (k,)})
    return config.model_copy(update={"evaluation": split})
