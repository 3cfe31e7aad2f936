"""What is left on the host of a worker whose values and tasks are on a GPU."""

from dataclasses import replace

from cfdist.plan.gpu.case import STAGES, VALUES, DeviceCase, DeviceStage
from cfdist.plan.gpu.stages import PROFILE_BYTES
from cfdist.plan.terms import Draft, Term

ON_DEVICE = frozenset(value.name for value in VALUES)
HOST_STAGES = frozenset({"ingest", "index", "spectral", "publish"})
"""Their tasks hold Arrow tables, ids or files as on the CPU, and at most as much."""
AFTER_PROFILES = frozenset(STAGES[STAGES.index("profiles") :])
COPIES = 2
"""Of what goes to the host: the array, and what its file is written from."""


def host_draft(draft: Draft, case: DeviceCase, stage: DeviceStage | None) -> Draft:
    """The stage without what is on the device, with copies of what leaves it."""
    kept = [
        term for term in draft.terms
        if term.name not in ON_DEVICE and (term.kind != "in flight" or draft.name in HOST_STAGES)
    ]  # fmt: skip
    if stage is not None and draft.name != "publish":
        kept.append(Term("copies for the host", "in flight", COPIES * _largest(stage, case)))
    if draft.name in AFTER_PROFILES:
        shared = PROFILE_BYTES * case.sizes.users
        kept.append(Term("who shares a history", "replicated", shared))
    return replace(draft, terms=tuple(kept))


def _largest(stage: DeviceStage, case: DeviceCase) -> int:
    """What one task copies to the host at most: a whole value, or one block's part."""
    whole = {value.name for value in VALUES if value.is_whole}
    return max(
        (
            one.bytes if one.name.removeprefix("checkpoint of ") in whole
            else -(-one.bytes * case.workers // case.blocks)
            for one in stage.traffic if one.way == "to the host"
        ),
        default=0,
    )  # fmt: skip
