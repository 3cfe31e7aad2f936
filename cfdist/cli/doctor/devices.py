"""The GPU backend: what it needs against what is there, and a proof where it can run."""

from collections.abc import Sequence

from cfdist.backends import Backend
from cfdist.backends.device_errors import device_error
from cfdist.backends.driver import Gpu
from cfdist.backends.machine import Machine, read_machine
from cfdist.backends.requirements import Requirement, requirements, unmet
from cfdist.cli.doctor.finding import Finding
from cfdist.cluster.backend import wanted_backend
from cfdist.config import Config
from cfdist.errors import CfdistError
from cfdist.settings import ClusterSettings

OPTIONAL = "optional: "


def examine_devices(config: Config, machine: Machine | None = None) -> list[Finding]:
    """What the GPU backend needs of this machine.

    What is missing is a failure where the settings want the GPU, else it is only told.
    """
    cluster, wanted = config.cluster, wanted_backend(config.cluster)
    found = machine or read_machine(cluster.gpus, cluster=cluster.address == "cuda")
    missing = unmet(found)
    told = [_auto(missing)] if wanted == "auto" else []
    if wanted != "gpu" and not found.packages and found.driver.problem:
        absent = "; ".join(need.found for need in missing)
        return [*told, Finding("gpu", f"{OPTIONAL}{absent}", True, missing[0].remedy)]
    told += [_finding(f"gpu {n.what}", n, wanted) for n in requirements(found)]
    if missing:
        return told
    pool = [_pool(cluster, found.gpus)] if cluster.address == "cuda" else []
    return told + pool + _proof(wanted)


def _auto(missing: Sequence[Requirement]) -> Finding:
    why = f"the cpu: {missing[0].what}: {missing[0].found}" if missing else "the gpu"
    return Finding("backend auto", why, True)


def _finding(what: str, need: Requirement, wanted: str) -> Finding:
    """A finding of the GPU backend; without ``--backend gpu`` none of them is a failure."""
    if need.is_met:
        return Finding(what, need.found, True)
    if wanted == "gpu":
        return Finding(what, need.found, False, need.remedy)
    return Finding(what, f"{OPTIONAL}{need.found}", True, need.remedy)


def _pool(settings: ClusterSettings, gpus: Sequence[Gpu]) -> Finding:
    """Whether the memory that RMM takes for each worker is there."""
    from cfdist.cluster.device_sizes import require_pool, size_of

    try:
        require_pool(settings, gpus)
        size = int(size_of(settings, "rmm_pool_size", gpus)) / 2**30
    except CfdistError as error:
        return Finding("gpu RMM pool", error.message, False, error.remedy)
    return Finding("gpu RMM pool", f"{size:.1f} GiB of each GPU", True)


def _proof(wanted: str) -> list[Finding]:
    """A small known computation, step by step, and the memory that is left."""
    from cfdist.backends import get_backend
    from cfdist.backends.proof import REMEDY, prove

    try:
        backend = get_backend("gpu")
        checks = prove(backend)
    except Exception as error:  # CUDA's own where the device cannot be opened
        told = error if isinstance(error, CfdistError) else device_error(error)
        if told is None:
            raise
        return [_finding("proof", Requirement("", told.message, False, told.remedy), wanted)]
    needs = {f"proof: {c.step}": Requirement("", c.found, c.is_right, REMEDY) for c in checks}
    steps = [_finding(step, need, wanted) for step, need in needs.items()]
    return steps + (_memory(backend) if all(check.is_right for check in checks) else [])


def _memory(backend: Backend) -> list[Finding]:
    memory = backend.memory()
    free, total = memory.free_bytes / 2**30, memory.total_bytes / 2**30
    return [Finding("gpu memory", f"{free:.1f} of {total:.1f} GiB free", True)]
