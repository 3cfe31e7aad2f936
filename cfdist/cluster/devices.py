"""The GPUs of workers: each worker says what it has and proves that it computes right."""

from collections import Counter
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final, NamedTuple

from distributed import Client

from cfdist.backends.device_errors import device_error
from cfdist.backends.driver import Gpu
from cfdist.backends.machine import Machine, read_machine
from cfdist.backends.requirements import Name, names_of, unmet
from cfdist.cluster.everywhere import ask_workers, named
from cfdist.errors import CfdistError, ClusterError, ConfigError, DeviceError
from cfdist.settings import ClusterSettings

DESCRIBE_SECONDS: Final = 60.0
PROVE_SECONDS: Final = 300.0
"""The first use of a GPU loads its libraries and compiles kernels: tens of seconds from a cold
disk."""
VERSIONS: Final = ("cfdist", "dask", "distributed", "numpy", "pandas", "numba")


class WorkerReport(NamedTuple):
    """What a worker says of itself.

    Attributes
    ----------
    gpus : tuple of Gpu
        The one that the worker computes on; empty where there is none.
    driver : str
        Version of its driver.
    versions : mapping
        Installed version by distribution.
    problem : str
        Why it cannot run the GPU backend; empty where it can.
    remedy : str
        What to do about it.
    """

    gpus: tuple[Gpu, ...] = ()
    driver: str = ""
    versions: Mapping[str, str] = {}
    problem: str = ""
    remedy: str = ""

    @property
    def total_bytes(self) -> int:
        """Memory of its GPU; 0 where there is none or the driver does not say."""
        return self.gpus[0].total_bytes if self.gpus else 0


def describe_workers(
    client: Client,
    *,
    timeout_s: float = DESCRIBE_SECONDS,
    read: Callable[[], Machine] = read_machine,
) -> dict[str, WorkerReport]:
    """What every worker has, by address.

    Raises
    ------
    ClusterError
        A worker does not answer within ``timeout_s`` seconds.
    ConfigError
        A worker has no cfdist.
    """
    return ask_workers(client, _describe, read, timeout_s=timeout_s)


def resolve_on_workers(
    client: Client,
    wanted: str,
    *,
    timeout_s: float = DESCRIBE_SECONDS,
    note: Callable[[str], None] = lambda sentence: None,
    read: Callable[[], Machine] = read_machine,
) -> Name:
    """The backend of a run on workers that somebody else started.

    Parameters
    ----------
    wanted : {"cpu", "gpu", "auto"}
        ``auto``: the GPU where every worker can use one.
    note : callable
        Told what ``auto`` took, and why.

    Raises
    ------
    DeviceError
        ``gpu`` is wanted and a worker cannot.
    """
    if wanted == "cpu":
        return "cpu"
    if wanted not in ("gpu", "auto"):
        raise ConfigError(f"there is no backend {wanted!r}", remedy="use cpu, gpu or auto")
    reports = describe_workers(client, timeout_s=timeout_s, read=read)
    if wanted == "gpu":
        _require_all(reports)
        return "gpu"
    unable = _unable(reports)
    if unable:
        note(f"backend auto is the cpu: {_sentence(unable, reports)}")
        return "cpu"
    note(f"backend auto is the gpu: {names_of(gpu for r in reports.values() for gpu in r.gpus)}")
    return "gpu"


def require_devices(
    client: Client,
    settings: ClusterSettings,
    *,
    timeout_s: float = PROVE_SECONDS,
    note: Callable[[str], None] = lambda sentence: None,
    read: Callable[[], Machine] = read_machine,
    prove: Callable[[], None] | None = None,
) -> dict[str, WorkerReport]:
    """The workers by address, after each has proved its GPU.

    Parameters
    ----------
    note : callable
        Told where workers share a GPU.
    prove : callable
        What a worker computes; by default :func:`cfdist.backends.proof.require_proof`.

    Raises
    ------
    DeviceError
        Workers without a usable GPU, or with one that computes something else; names them.
    ClusterError
        Workers that do not answer, or lost their GPU.
    ConfigError
        Workers with another release of cfdist.
    """
    patience = max(settings.timeout_s, DESCRIBE_SECONDS)
    reports = describe_workers(client, timeout_s=patience, read=read)
    _require_release(reports)
    _require_all(reports)
    _require_all(ask_workers(client, _prove, prove or _prove_gpu, timeout_s=timeout_s))
    _tell_shared(reports, note)
    return reports


def _describe(read: Callable[[], Machine]) -> WorkerReport:
    machine = read()
    # a worker's own pool of memory is not free, and its GPU is the first that it sees
    own = tuple(gpu._replace(free_bytes=gpu.total_bytes) for gpu in machine.gpus[:1])
    missing = unmet(machine._replace(gpus=own))
    said = "; ".join(f"{need.what}: {need.found}" for need in missing)
    remedy = missing[0].remedy if missing else ""
    versions = {name: _version(name) for name in VERSIONS}
    versions |= {package.name: package.version for package in machine.packages}
    return WorkerReport(own, machine.driver.version, versions, said, remedy)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _prove_gpu() -> None:
    from cfdist.backends import get_backend
    from cfdist.backends.proof import require_proof

    require_proof(get_backend("gpu"))


def _prove(prove: Callable[[], None]) -> WorkerReport:
    """A proof on the worker; errors are translated here, where their classes are known."""
    try:
        prove()
    except Exception as error:
        told = device_error(error) or error
        if isinstance(told, ClusterError):  # the GPU is lost: another exit code
            raise told from None
        if isinstance(told, CfdistError):
            return WorkerReport(problem=told.message, remedy=told.remedy)
        return WorkerReport(problem=f"{type(error).__name__}: {error}")
    return WorkerReport()


def _require_release(reports: Mapping[str, WorkerReport]) -> None:
    here = version("cfdist")
    other = {a: r for a, r in reports.items() if r.versions.get("cfdist") != here}
    if other:
        there = next(iter(other.values())).versions.get("cfdist") or "none"
        raise ConfigError(
            f"cfdist {here} here, {there} on {named(list(other))}",
            remedy=f"install cfdist {here} where the workers run",
        )


def _unable(reports: Mapping[str, WorkerReport]) -> dict[str, WorkerReport]:
    return {address: report for address, report in reports.items() if report.problem}


def _require_all(reports: Mapping[str, WorkerReport]) -> None:
    unable = _unable(reports)
    if not unable:
        return
    remedy = next(iter(unable.values())).remedy or "look into the logs of these workers"
    if len(unable) < len(reports):
        remedy = f"stop {named(list(unable))}, use --backend cpu, or mend them: {remedy}"
    raise DeviceError(_sentence(unable, reports), remedy=remedy)


def _sentence(unable: Mapping[str, WorkerReport], reports: Mapping[str, WorkerReport]) -> str:
    first = next(iter(unable.values()))
    which = named(list(unable))
    count = f"{len(unable)} of {len(reports)} workers cannot run the gpu backend"
    return f"{count}: {first.problem} ({which})"


def _tell_shared(reports: Mapping[str, WorkerReport], note: Callable[[str], None]) -> None:
    users = Counter(gpu.uuid for report in reports.values() for gpu in report.gpus if gpu.uuid)
    shared = [identity for identity, count in users.items() if count > 1]
    for identity in shared:
        note(
            f"{users[identity]} workers share the GPU {identity}: `dask cuda worker` and "
            "`--cluster cuda` start one worker for each GPU"
        )
