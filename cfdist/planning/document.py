"""A plan as JSON values, beside what was measured."""

from collections.abc import Mapping
from typing import Any

from cfdist.plan import Plan, StagePlan
from cfdist.plan.gpu import DevicePlan, DeviceStage
from cfdist.plan.gpu.plan import WAYS


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
        ``measured_seconds``; the totals; sizes and machine; ``device`` where GPUs are known.
        Seconds are None where GPUs compute: nobody has measured them.
    """
    known = measured or {}
    seconds = known.get("seconds", {})
    found: dict[str, Any] = {
        "fits": plan.fits,
        "backend": plan.machine.backend,
        "peak_bytes": plan.peak_bytes,
        "peak_stage": plan.peak.name,
        "needed_bytes": plan.needed_bytes,
        "usable_bytes": plan.usable_bytes,
        "least_memory_limit_bytes": plan.least_memory_limit,
        "all_workers_bytes": plan.all_bytes,
        "output_bytes": plan.output_bytes,
        "checkpoint_bytes": plan.checkpoint_bytes,
        "seconds": None if plan.is_on_gpu else round(plan.seconds, 2),
        "svd": {"method": plan.svd_method, "passes": plan.n_passes},
        "sizes": vars(plan.sizes),
        "machine": vars(plan.machine) | {"rates": vars(plan.machine.rates)},
        "stages": [_stage(stage, seconds, plan.is_on_gpu) for stage in plan.stages],
    }
    if plan.device is not None:
        found["device"] = _device(plan.device) | {"fits": plan.fits_gpu}
    if known:
        kept = ("peak_bytes", "output_bytes", "counts")
        found["measured"] = {name: known[name] for name in kept if name in known}
        found["measured"]["seconds"] = round(sum(seconds.values()), 2)
    return found


def _stage(stage: StagePlan, seconds: Mapping[str, float], is_on_gpu: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "stage": stage.name,
        "tasks": stage.tasks,
        "peak_bytes": stage.peak_bytes,
        "terms": {term.name: term.bytes for term in stage.terms if term.bytes},
        "output_bytes": stage.output_bytes,
        "seconds": None if is_on_gpu else round(stage.seconds, 2),
    }
    if stage.name in seconds:
        told["measured_seconds"] = round(seconds[stage.name], 2)
    return told


def _device(device: DevicePlan) -> dict[str, Any]:
    """Bytes of one GPU, and what its worker moves."""
    return {
        "gpus": device.machine.gpus,
        "memory_bytes": device.machine.gpu_memory_bytes,
        "usable_bytes": device.usable_bytes,
        "peak_bytes": device.peak_bytes,
        "peak_stage": device.peak.name,
        "stages": [_device_stage(stage) for stage in device.stages],
    }


def _device_stage(stage: DeviceStage) -> dict[str, Any]:
    return {
        "stage": stage.name,
        "peak_bytes": stage.peak_bytes,
        "terms": {term.name: term.bytes for term in stage.terms},
        "moved": {
            way: {one.name: one.bytes for one in stage.traffic if one.way == way} for way in WAYS
        },
    }
