"""A plan as JSON values, beside what was measured."""

from collections.abc import Mapping
from typing import Any

from cfdist.plan import Plan, StagePlan


def document(plan: Plan, measured: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What was planned, and what came of it, for the manifest and ``--json``.

    Parameters
    ----------
    measured : mapping, optional
        ``seconds`` per stage, ``output_bytes`` of the published files, ``peak_bytes`` of a
        worker and ``counts`` of a run; any of them may be missing.

    Returns
    -------
    dict
        ``stages`` with tasks, peak_bytes, terms, output_bytes, seconds and, where known,
        ``measured_seconds``; the totals; sizes and machine.
    """
    known = measured or {}
    seconds = known.get("seconds", {})
    found: dict[str, Any] = {
        "fits": plan.fits,
        "peak_bytes": plan.peak_bytes,
        "peak_stage": plan.peak.name,
        "needed_bytes": plan.needed_bytes,
        "usable_bytes": plan.usable_bytes,
        "least_memory_limit_bytes": plan.least_memory_limit,
        "all_workers_bytes": plan.all_bytes,
        "output_bytes": plan.output_bytes,
        "checkpoint_bytes": plan.checkpoint_bytes,
        "seconds": round(plan.seconds, 2),
        "svd": {"method": plan.svd_method, "passes": plan.n_passes},
        "sizes": vars(plan.sizes),
        "machine": vars(plan.machine) | {"rates": vars(plan.machine.rates)},
        "stages": [_stage(stage, seconds) for stage in plan.stages],
    }
    if known:
        kept = ("peak_bytes", "output_bytes", "counts")
        found["measured"] = {name: known[name] for name in kept if name in known}
        found["measured"]["seconds"] = round(sum(seconds.values()), 2)
    return found


def _stage(stage: StagePlan, seconds: Mapping[str, float]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "stage": stage.name,
        "tasks": stage.tasks,
        "peak_bytes": stage.peak_bytes,
        "terms": {term.name: term.bytes for term in stage.terms if term.bytes},
        "output_bytes": stage.output_bytes,
        "seconds": round(stage.seconds, 2),
    }
    if stage.name in seconds:
        told["measured_seconds"] = round(seconds[stage.name], 2)
    return told
